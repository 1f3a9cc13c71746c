"""The control socket: answers, bounds, and clients that misbehave."""

import asyncio
import json
import os
import socket
import stat
import threading

import pytest

from edge.cli import control
from edge.cli.control import ControlServer, ask
from edge.errors import LimitError, LinkError, LocalError


async def _count(node, request, say) -> None:
    for number in range(request["to"]):
        await say({"number": number})


async def _fail(node, request, say) -> None:
    await say({"number": 0})
    raise LinkError("cable cut")


async def _wait(node, request, say) -> None:
    node.append("started")
    try:
        await asyncio.sleep(60)
    finally:
        node.append("cancelled")


async def _flood(node, request, say) -> None:
    while True:
        await say({"text": "x" * 1000})


ACTIONS = {"count": _count, "fail": _fail, "wait": _wait, "flood": _flood}


class Served:
    """A server on a loop of its own thread, so that the blocking client can be used as it is."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.node: list[str] = []
        self._loop = asyncio.new_event_loop()
        self._server = ControlServer(path, self.node, ACTIONS.get)
        self._thread = threading.Thread(target=self._loop.run_forever)

    def call(self, coroutine) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(10)

    def __enter__(self) -> "Served":
        self._thread.start()
        self.call(self._server.start())
        return self

    def __exit__(self, *_error) -> None:
        self.call(self._server.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def raw(self) -> socket.socket:
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        client.settimeout(10)
        client.connect(self.path)
        return client


@pytest.fixture
def served(tmp_path):
    with Served(str(tmp_path / "control")) as running:
        yield running


def answer(client: socket.socket) -> dict:
    with client, client.makefile("rb") as lines:
        return json.loads(lines.readline())


def eventually(condition) -> None:
    for _ in range(500):
        if condition():
            return
        threading.Event().wait(0.01)
    raise AssertionError("never came true")


def test_no_node_is_no_error(tmp_path) -> None:
    assert ask(str(tmp_path / "control"), {"do": "count"}, print) is False


def test_results_come_one_by_one(served) -> None:
    events: list[dict] = []
    assert ask(served.path, {"do": "count", "to": 3}, events.append) is True
    assert events == [{"number": 0}, {"number": 1}, {"number": 2}]


def test_a_failure_there_is_the_same_failure_here(served) -> None:
    events: list[dict] = []
    with pytest.raises(LinkError, match="cable cut"):
        ask(served.path, {"do": "fail"}, events.append)
    assert events == [{"number": 0}]


def test_an_unknown_command_is_refused(served) -> None:
    for name in ("fly", None, 3, ["count"], {}):
        with pytest.raises(LocalError, match="does not know"):
            ask(served.path, {"do": name}, print)


def test_only_its_owner_may_open_it(served) -> None:
    mode = os.lstat(served.path).st_mode
    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600


def test_requests_that_are_none(served) -> None:
    for request in (b"\n", b"GET / HTTP/1.1\n", b"[1]\n", b"\xff\xfe\n", b"[" * 8000 + b"\n"):
        client = served.raw()
        client.sendall(request)
        assert answer(client)["fault"] == "LocalError", request


def test_a_request_has_a_greatest_size(served) -> None:
    client = served.raw()
    client.sendall(b'{"do":"' + b"x" * (2 * control.REQUEST_BYTES_MAX))
    assert str(control.REQUEST_BYTES_MAX) in answer(client)["error"]


def test_a_request_must_come_in_time(served, monkeypatch) -> None:
    monkeypatch.setattr(control, "REQUEST_TIMEOUT_S", 0.05)
    client = served.raw()
    client.sendall(b'{"do":')
    assert answer(client)["fault"] == "LimitError"


def test_a_client_that_leaves_cancels_its_command(served) -> None:
    client = served.raw()
    client.sendall(b'{"do":"wait"}\n')
    eventually(lambda: served.node == ["started"])
    client.close()
    eventually(lambda: served.node == ["started", "cancelled"])


def test_a_client_that_does_not_read_is_left(served, monkeypatch) -> None:
    monkeypatch.setattr(control, "WRITE_TIMEOUT_S", 0.05)
    client = served.raw()
    client.sendall(b'{"do":"flood"}\n')
    threading.Event().wait(0.5)
    received = 0
    try:
        while part := client.recv(1 << 20):
            received += len(part)
    except ConnectionError:
        pass
    client.close()
    assert received < 4 << 20


def test_clients_are_counted(served) -> None:
    waiting = [served.raw() for _ in range(control.CLIENTS_MAX)]
    for client in waiting:
        client.sendall(b'{"do":"wait"}\n')
    eventually(lambda: len(served.node) == control.CLIENTS_MAX)
    with pytest.raises(LimitError):
        ask(served.path, {"do": "count", "to": 1}, print)
    for client in waiting:
        client.close()
    eventually(lambda: len(served.node) == 2 * control.CLIENTS_MAX)
    assert ask(served.path, {"do": "count", "to": 0}, print)


def test_a_stale_socket_is_replaced_and_a_file_is_not(tmp_path) -> None:
    path = tmp_path / "control"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as dead:
        dead.bind(str(path))
    with Served(str(path)) as running:
        assert ask(running.path, {"do": "count", "to": 1}, lambda event: None)
    assert not path.exists()
    path.write_text("precious")
    with pytest.raises(LocalError, match="in the way"):
        asyncio.run(ControlServer(str(path), None, ACTIONS.get).start())
    assert path.read_text() == "precious"


def test_closing_ends_what_runs(tmp_path) -> None:
    with Served(str(tmp_path / "control")) as running:
        client = running.raw()
        client.sendall(b'{"do":"wait"}\n')
        eventually(lambda: running.node == ["started"])
    assert running.node == ["started", "cancelled"]
    client.close()


def test_a_path_too_long_for_a_socket_has_no_node(tmp_path) -> None:
    path = str(tmp_path / ("x" * 100) / "control")
    assert ask(path, {}, print) is False
    with pytest.raises(LocalError, match="too long"):
        asyncio.run(ControlServer(path, None, ACTIONS.get).start())
