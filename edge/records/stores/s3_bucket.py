"""One bucket of an object store that speaks S3, through the client `obstore`: whole objects, and
writes that hold only if nobody else wrote in between.

    put(name, data, tag)     If-Match: tag          only if that is still there
    put(name, data, None)    If-None-Match: *       only if nothing is

A server that takes no notice of conditions would lose records: it is found out before the first
write, on the object clock/<peer id>, which also tells the server's time.
"""

from collections import namedtuple
from datetime import timedelta

from edge.errors import EdgeError, LinkError, LocalError, printable
from edge.records.stores import VALUE_BYTES_MAX
from edge.records.stores.s3_errors import code_of, translate
from edge.records.stores.s3_uplink import Slots, Uplink
from edge.system import aio, clock
from edge.system.log import Log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from typing import Any

REQUESTS_MAX = 8  # at once
CONNECT_MS = 5000
REQUEST_MS = 15000  # from its first byte to the last one of the answer
RETRIES_MAX = 2  # of a request that is answered with 5xx, or not at all, by the client itself
RETRY_MS = 5000  # after that long no more of these
CALL_MS = REQUEST_MS + RETRY_MS + 5000  # for one request with all of its retries
PAGE_NAMES = 1000  # of a listing, by one request
TIME_TRUSTED_MS = 3600000  # how often the server is asked for its time, at most
POLL_S_MIN, POLL_S_MAX = 1, 86400

_TICK_MS = 999  # times of S3 are whole seconds, cut off
_NO_TAG = '"00000000000000000000000000000000"'
_log = Log("s3")

# What an object held, None if it is too long for a record; its tag; when it was written, by the
# server's clock.
Held = namedtuple("Held", ("data", "tag", "modified_unix_ms"))

_DEFAULTS = {
    "bucket": "",
    "endpoint": "",  # https://HOST[:PORT]; none: Amazon's of the region
    "region": "us-east-1",
    "prefix": "libp2p-edge",  # of the names of all objects
    "access_key_id": "",  # none of these: AWS_ACCESS_KEY_ID .. of the environment
    "secret_access_key": "",
    "session_token": "",
    "root_certificate": "",  # PEM: who else may vouch for the endpoint
    "virtual_hosted": False,  # the endpoint has the bucket's name in it
    "poll_s": 0,  # how often the bucket is listed for who watches it; 0: never
}
_KINDS = {str: "text", bool: "true or false", int: "a whole number"}


class Settings:
    """Where the bucket is and who we are there; made whole or not at all (LocalError)."""

    bucket: str
    endpoint: str
    region: str
    prefix: str
    access_key_id: str
    secret_access_key: str
    session_token: str
    root_certificate: str
    virtual_hosted: bool
    poll_s: int

    def __init__(self, values: dict) -> None:
        for name in values:
            if name not in _DEFAULTS:
                known = ", ".join(sorted(_DEFAULTS))
                raise LocalError("s3 has no setting {}, but {}".format(printable(name), known))
        for name, default in _DEFAULTS.items():
            value = values.get(name, default)
            if type(value) is not type(default):
                raise LocalError("{} of s3 must be {}".format(name, _KINDS[type(default)]))
            setattr(self, name, value)
        if not self.bucket:
            raise LocalError("s3 needs the name of a bucket")
        if self.endpoint and not self.endpoint.startswith(("https://", "http://")):
            raise LocalError("the endpoint of s3 must begin with https:// or http://")
        if self.poll_s and not POLL_S_MIN <= self.poll_s <= POLL_S_MAX:
            raise LocalError("poll_s of s3 is 0, or {} to {}".format(POLL_S_MIN, POLL_S_MAX))
        self.prefix = self.prefix.strip("/")


class Bucket:
    def __init__(self, settings: Settings, own: bytes, uplink: Uplink) -> None:
        """``own``: the bytes of this node's peer id."""
        self._settings = settings
        self._uplink = uplink
        self._slots = Slots(REQUESTS_MAX)
        self._store = _open(settings)
        self._clock_name = self.name("clock/" + (own.hex() or "nobody"))
        self._ahead_ms = 0  # of the server's clock, at most, against our monotonic one
        self._asked_at: int | None = None
        self._has_conditions = False
        self._turn = aio.Lock()
        self.requests = 0

    def name(self, rest: str) -> str:
        return self._settings.prefix + "/" + rest if self._settings.prefix else rest

    async def get(self, name: str) -> Held | None:
        """What the object is, or None."""
        try:
            return await self._ask("read", self._read, name)
        except FileNotFoundError:
            return None

    async def _read(self, name: str) -> Held:
        result = await self._store.get_async(name)
        meta = result.meta
        if not meta["e_tag"]:
            raise LocalError("s3: this server gives no ETag, so nobody can write on a condition")
        is_short = meta["size"] <= VALUE_BYTES_MAX
        data = bytes(await result.bytes_async()) if is_short else None
        return Held(data, meta["e_tag"], int(meta["last_modified"].timestamp() * 1000))

    async def put(self, name: str, data: bytes, tag: "str | None") -> str:
        """Write the object if it is still ``tag``, or there is still none; its new tag, or "" if
        that was not so."""
        if not self._has_conditions:
            await self._prove_conditions()
        return await self._put_if(name, data, {"e_tag": tag} if tag else "create")

    async def _put_if(self, name: str, data: bytes, mode: "Any") -> str:
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        try:
            return await self._ask("write", self._write, name, data, mode)
        except (AlreadyExistsError, PreconditionError, FileNotFoundError):
            return ""

    async def _write(self, name: str, data: bytes, mode: "Any") -> str:
        result = await self._store.put_async(name, data, mode=mode)
        return result["e_tag"] or "unknown"

    async def delete(self, name: str) -> None:
        try:
            await self._ask("delete", self._store.delete_async, name)
        except FileNotFoundError:
            pass

    async def pages(self, folder: str, after: str) -> "AsyncIterator[list]":
        """Lists of (name in the folder, tag), sorted, from behind the name ``after``."""
        folder = self.name(folder)
        offset = folder + "/" + after if after else None
        stream = self._store.list(folder, offset=offset, chunk_size=PAGE_NAMES).__aiter__()
        while True:
            try:
                page = await self._ask("list", stream.__anext__)
            except (StopAsyncIteration, FileNotFoundError):
                return
            yield [(meta["path"][len(folder) + 1 :], meta["e_tag"]) for meta in page]

    async def held_ms(self, held: Held) -> int:
        """How long the object has been there by the server's clock: never less than that, at most
        two seconds more."""
        now = clock.monotonic_ms()
        if self._asked_at is None or now - self._asked_at > TIME_TRUSTED_MS:
            await self._ask_time()
        return max(clock.monotonic_ms() + self._ahead_ms - held.modified_unix_ms, 0)

    async def _ask_time(self) -> None:
        """An object we write now has the server's time."""
        before = clock.monotonic_ms()
        try:
            await self._ask("write", self._write, self._clock_name, b"clock", "overwrite")
            found = await self.get(self._clock_name)
        except LocalError as error:  # we may only read: signed requests pass within 15 minutes
            _log.info("the server's time is taken for this machine's: {}", error)
            self._uplink.worked()  # it did answer
            found = None
        modified = found.modified_unix_ms + _TICK_MS if found else clock.unix_ms()
        self._asked_at = clock.monotonic_ms()
        self._ahead_ms = modified - (before if found else self._asked_at)

    async def _prove_conditions(self) -> None:
        async with self._turn:
            if self._has_conditions:
                return
            await self._ask_time()
            for mode in ("create", {"e_tag": _NO_TAG}):
                if await self._put_if(self._clock_name, b"clock", mode):
                    raise LocalError(
                        "s3: this server ignores the conditions of writes (If-Match, "
                        "If-None-Match): two nodes would overwrite each other; take a newer one"
                    )
            self._has_conditions = True

    async def _ask(self, doing: str, call: "Callable", *arguments: object) -> "Any":
        """The answer to one request.  What says that an object is not as expected passes; all
        else is a LinkError or LocalError."""
        self._uplink.check()
        try:
            async with self._slots:  # a request is under way as soon as it is made
                self.requests += 1
                answer = await aio.wait_for_ms(call(*arguments), CALL_MS)
        except (LocalError, StopAsyncIteration):
            raise
        except aio.TimeoutError:
            error: EdgeError = LinkError("s3: cannot {}: no answer in time".format(doing))
        except Exception as caught:
            if _is_about_the_object(caught):
                self._uplink.worked()
                raise
            error = translate(caught, doing, clock.unix_ms())
        else:
            self._uplink.worked()
            return answer
        self._uplink.failed(error)
        raise error


def _is_about_the_object(error: Exception) -> bool:
    from obstore.exceptions import AlreadyExistsError, PreconditionError

    if isinstance(error, FileNotFoundError):
        return code_of(error) in ("", "NoSuchKey")
    return isinstance(error, (AlreadyExistsError, PreconditionError))


def _open(settings: Settings) -> "Any":
    try:
        from obstore.exceptions import BaseError
        from obstore.store import S3Store
    except ImportError:
        raise LocalError("s3 needs a module: pip install 'libp2p-edge[s3]'")
    config: Any = {
        "region": settings.region,
        "conditional_put": "etag",
        "disable_bulk_delete": True,
        "virtual_hosted_style_request": settings.virtual_hosted,
    }
    for name in ("access_key_id", "secret_access_key", "session_token"):
        if getattr(settings, name):
            config[name] = getattr(settings, name)
    if settings.endpoint:
        config["endpoint"] = config["aws_endpoint_url_s3"] = settings.endpoint
    client: Any = {
        "allow_http": settings.endpoint.startswith("http://"),
        "connect_timeout": "{}ms".format(CONNECT_MS),
        "timeout": "{}ms".format(REQUEST_MS),
        "user_agent": "libp2p-edge",
    }
    if settings.root_certificate:
        client["root_certificate"] = settings.root_certificate
    most = timedelta(milliseconds=RETRY_MS)
    retry: Any = {"max_retries": RETRIES_MAX, "retry_timeout": most}
    try:
        return S3Store(settings.bucket, config=config, client_options=client, retry_config=retry)
    except (BaseError, ValueError, TypeError) as error:
        raise LocalError("s3: " + printable(str(error).split("\n")[0], 200))
