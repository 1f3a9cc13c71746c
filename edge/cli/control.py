"""The control socket: other commands ask the running node, one JSON line there, some back.

    client                                   node
    {"do":"ping","peer":"12D3..","count":2}  ->
                                             <-  {"event":"pong","rtt_ms":0.61}
                                             <-  {"event":"pong","rtt_ms":0.58}
                                             <-  {"done":true}   or {"error":text,"fault":class}

A client that closes gives up: what it asked for is cancelled.  The socket has mode 0600 inside a
directory of mode 0700: who can open it could read the private key as well.
"""

import os
import socket
import stat

from edge import errors
from edge.errors import LimitError, LinkError, LocalError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio

REQUEST_BYTES_MAX = 65536  # some records in base64
REPLY_BYTES_MAX = 1048576  # of one line, at the client
CLIENTS_MAX = 32
REQUEST_TIMEOUT_S = 5  # to send the whole request
WRITE_TIMEOUT_S = 30  # for a client to take a line
ANSWER_TIMEOUT_S = 86400  # for everything a request takes
_CROWDED = f"{CLIENTS_MAX} commands run already: try again when one of them has ended"
_PATH_BYTES_MAX = 103  # sun_path of macOS, the shortest around, without its zero


class ControlServer:
    """Serves what ``open_action(name)`` gives: ``async action(node, request, say)``, or None."""

    def __init__(self, path: str, node, open_action) -> None:
        self._path = path
        self._node = node
        self._open_action = open_action
        self._tasks: list = []
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen; the caller holds the lock of the directory, so what is there now is stale."""
        import asyncio

        if _is_too_long(self._path):
            raise LocalError(f"{self._path} is too long a path for a socket")
        _remove_stale(self._path)
        mask = os.umask(0o177)
        try:
            self._server = await asyncio.start_unix_server(
                self._serve, self._path, limit=REQUEST_BYTES_MAX
            )
        except OSError as error:
            raise LocalError(f"cannot listen on {self._path}: {error.strerror}") from None
        finally:
            os.umask(mask)

    async def close(self) -> None:
        import asyncio

        if self._server is None:
            return
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        _remove_stale(self._path)

    async def _serve(self, reader, writer) -> None:
        import asyncio

        task = asyncio.current_task()
        self._tasks.append(task)
        try:
            if len(self._tasks) > CLIENTS_MAX:
                await _say(writer, _failure(LimitError(_CROWDED)))
            else:
                await self._answer(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass  # the client is gone, or the node stops
        finally:
            self._tasks.remove(task)
            writer.close()

    async def _answer(self, reader, writer) -> None:
        """One request to its last line, or until the client closes."""
        import asyncio

        try:
            request = await _read_request(reader)
            action = self._open_action(str(request.get("do")))
            if action is None:
                raise LocalError("the running node does not know this command; is it older?")
            work = asyncio.ensure_future(
                action(self._node, request, lambda event: _say(writer, event))
            )
        except errors.EdgeError as error:
            await _say(writer, _failure(error))
            return
        gone = asyncio.ensure_future(reader.read(1))  # nothing more is sent: this is the end
        try:
            await asyncio.wait(
                (work, gone), timeout=ANSWER_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED
            )
            if work.done():
                failed = work.exception()
                await _say(writer, _failure(failed) if failed else {"done": True})
        finally:
            work.cancel()
            gone.cancel()
            await asyncio.gather(work, gone, return_exceptions=True)


def ask(path: str, request: dict, on_event) -> bool:
    """Have the running node do ``request``; False if no node listens on ``path``.

    ``on_event`` gets each result.  What went wrong there is raised here.
    """
    if _is_too_long(path):
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        try:
            client.connect(path)
        except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
            return False
        except OSError as error:
            raise LocalError(
                f"cannot speak to the node on {path}: {error.strerror}\nis it another user's?"
            ) from None
        import json

        try:
            client.sendall(json.dumps(request).encode() + b"\n")
        except BrokenPipeError:
            pass  # refused at once: the reason is there to read
        with client.makefile("rb") as lines:
            _read_answer(lines, on_event)
    return True


def _read_answer(lines, on_event) -> None:
    import json

    while True:
        try:
            line = lines.readline(REPLY_BYTES_MAX)
        except ConnectionError:
            line = b""
        if not line.endswith(b"\n"):
            raise LinkError("the running node went away in the middle of its answer")
        event = json.loads(line)
        if "done" in event:
            return
        if "fault" in event:
            raise _fault(event["fault"])(event["error"])
        on_event(event)


def _is_too_long(path: str) -> bool:
    return len(os.fsencode(path)) > _PATH_BYTES_MAX


def _fault(name: str) -> type:
    known = getattr(errors, name, None)
    return known if isinstance(known, type) else LocalError


def _failure(error: BaseException) -> dict:
    fault = type(error).__name__ if isinstance(error, errors.EdgeError) else "LocalError"
    return {"error": str(error) or type(error).__name__, "fault": fault}


def _remove_stale(path: str) -> None:
    try:
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise LocalError(f"{path} is in the way of the control socket: move it elsewhere")
        os.unlink(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise LocalError(f"cannot remove the old {path}: {error.strerror}") from None


async def _read_request(reader) -> dict:
    import asyncio
    import json

    try:
        line = await asyncio.wait_for(reader.readline(), REQUEST_TIMEOUT_S)
        request = json.loads(line)
    except asyncio.TimeoutError:
        raise LimitError(f"no whole request within {REQUEST_TIMEOUT_S} s") from None
    except (ValueError, RecursionError):  # not JSON, not UTF-8, or longer than the limit
        raise LocalError(
            f"a request is one JSON line of at most {REQUEST_BYTES_MAX} bytes"
        ) from None
    if not isinstance(request, dict):
        raise LocalError("a request is a JSON object")
    return request


async def _say(writer, event: dict) -> None:
    import asyncio
    import json

    writer.write(json.dumps(event, separators=(",", ":")).encode() + b"\n")
    await asyncio.wait_for(writer.drain(), WRITE_TIMEOUT_S)
