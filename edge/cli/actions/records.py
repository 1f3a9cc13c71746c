"""What the record store can be asked: records by their names, what changes, and how it is doing.

A name is /edge/<peer id>/<path>, or a path alone for one of this node's own; the end of a known
peer's id will do.  Values travel as base64: they are anybody's bytes.
"""

import base64

from edge.cli import SUFFIX_LEAST
from edge.cli.actions.request import number_of, peer_of, text_of
from edge.errors import LinkError, LocalError, RemoteError, printable
from edge.node import Node
from edge.records import KEYS_MAX, names, record
from edge.records.schemes import CHAIN, FOREVER
from edge.system import aio, clock

GET_MS = 10000  # unless told otherwise
GET_MS_MAX = 3600000
TTL_MS_MAX = 10**14  # three thousand years
NS_MAX = 10**19  # since 1970; the year 2286
BEATS_MAX = 10**9
_SCHEMES = {1: "range", 2: "ttl", 3: "chain", 4: "fresh"}
_ADVICE = "give a path of your own such as sensors/1, or /edge/<peer id>/<path>"


async def put(node: Node, request: dict, say) -> None:
    """Make the next record of a name of this node's own."""
    text = text_of(request, "name", _ADVICE)
    path = await _own_path(node, text)
    value = _value(request)
    started = clock.monotonic_ms()
    author = await node.author()
    made = await author.put(path, value, await _rule(node, request))
    store = await node.record_store()
    if request.get("sync") is True:
        await store.sync()
    await say({"event": "put", **_describe_key(made.key), "version": made.version,
               "scheme": _SCHEMES[made.scheme], "bytes": len(value),
               "took_ms": clock.monotonic_ms() - started})  # fmt: skip


async def get(node: Node, request: dict, say) -> None:
    """The best record of a name, or all that can be found."""
    key = await _key(node, text_of(request, "name", _ADVICE))
    store = await node.record_store()
    timeout_ms = number_of(request, "timeout_ms", GET_MS, 1, GET_MS_MAX)
    every = request.get("all") is True
    started = clock.monotonic_ms()
    asking = store.get_all(key) if every else store.get(key)
    try:
        found = await aio.wait_for_ms(asking, timeout_ms)
    except aio.TimeoutError:
        raise LinkError(
            f"nobody had {names.text_of(key)} within {timeout_ms / 1000:g} s\n--timeout allows more"
        ) from None
    values = found if every else [found] if found is not None else []
    if not values:
        raise LinkError(
            f"there is no record of {names.text_of(key)}\n"
            "'edge ls' lists what is here; 'edge store show' says who was asked"
        )
    for value in values:
        await say({**_describe(node, key, value, True),
                   "took_ms": clock.monotonic_ms() - started})  # fmt: skip


async def ls(node: Node, request: dict, say) -> None:
    """The records that are here, without their values."""
    store = await node.record_store()
    prefix = await _prefix(node, request)
    count = 0
    for key in await store.keys(prefix):
        value = await store.get(key)
        if value is not None:
            count += 1
            await say(_describe(node, key, value, False))
    await say({"event": "listed", "count": count, "complete": count < KEYS_MAX})


async def watch(node: Node, request: dict, say) -> None:
    """What changes under a prefix from now on, until the asker has seen enough."""
    store = await node.record_store()
    queue = store.watch(await _prefix(node, request))
    await say({"event": "watching"})
    try:
        while True:
            changed = await queue.get()
            if changed.value is None:
                await say({"event": "removed", **_describe_key(changed.key)})
            else:
                await say(_describe(node, changed.key, changed.value, True))
    except EOFError:
        raise LinkError("the node stops") from None
    finally:
        store.unwatch(queue)


async def remove(node: Node, request: dict, say) -> None:
    """Forget a record here; others keep theirs."""
    key = await _key(node, text_of(request, "name", _ADVICE))
    store = await node.record_store()
    if not await store.remove(key):
        raise LocalError(f"there is no record of {names.text_of(key)} here\n'edge ls' lists them")
    await say({"event": "removed", **_describe_key(key)})


async def store(node: Node, request: dict, say) -> None:
    """How the stores are doing, and what is known of the time."""
    status = (await node.record_store()).status()
    if node.record_sync:
        status["sync"] = node.record_sync.status()
    time = node.judge.time
    await say({"event": "store", **status, "time": {
        "earliest_unix_ms": time.earliest_unix_ms,
        "trusted": time.latest_unix_ms is not None,
    }})  # fmt: skip


async def check(node: Node, request: dict, say) -> None:
    """Read all that the store here holds; with ``repair``, move it away from damaged places."""
    await node.record_store()
    here = node.records_here
    if not hasattr(here, "check"):
        raise LocalError(f"the store {here.name} cannot be checked: nothing in it lasts")
    if request.get("repair") is True:
        await say({"event": "repaired", "files": await here.repair()})
    records = damaged = 0
    for name, count, live, places in await here.check():
        records += live
        damaged += places
        await say({"event": "file", "file": name, "records": count, "live": live,
                   "damaged": places})  # fmt: skip
    await say({"event": "checked", "records": records, "damaged": damaged})


async def export(node: Node, request: dict, say) -> None:
    """All valid records that are here, each with everything that proves it."""
    await node.record_store()
    here = node.records_here
    after: bytes | None = b""
    while after is not None:
        keys = await here.keys(await _prefix(node, request), after)
        after = keys[-1] if keys else None
        for key in keys:
            value = await here.get(key)
            if value is not None:
                await say({"event": "exported", **_describe_key(key),
                           "bundle": base64.b64encode(value).decode()})  # fmt: skip


async def take(node: Node, request: dict, say) -> None:
    """Put records that somebody exported: rows of a key in hex and a bundle in base64."""
    store = await node.record_store()
    for row in request.get("records", ()):
        try:
            key, value = bytes.fromhex(row[0]), base64.b64decode(row[1], validate=True)
        except (ValueError, TypeError, IndexError):
            raise LocalError("this is no exported record") from None
        told = {"event": "taken", **_describe_key(key)}
        try:
            told["new"] = await store.put(key, value)
        except RemoteError as error:
            told["refused"] = printable(error, 200)
        await say(told)


async def forget_time(node: Node, request: dict, say) -> None:
    """What was observed of the time was wrong: believe the clock again."""
    await node.record_store()
    node.judge.time.forget()
    await say({"event": "time", "earliest_unix_ms": node.judge.time.earliest_unix_ms})


# -- names


async def _key(node: Node, text: str) -> bytes:
    if not text.startswith("/"):
        return names.edge_key(node.peer_id, text)
    parts = text.split("/", 3)
    if len(parts) > 3 and parts[1] == "edge" and SUFFIX_LEAST <= len(parts[2]) < 40:
        is_own = str(node.peer_id).endswith(parts[2])
        return names.edge_key(node.peer_id if is_own else await peer_of(node, parts[2]), parts[3])
    return names.key_of(text)


async def _own_path(node: Node, text: str) -> str:
    """The path of a name that this node may write."""
    try:
        owner, path = names.split(await _key(node, text))
    except RemoteError:
        owner = path = b""
    if owner != node.peer_id.to_bytes():
        raise LocalError(
            f"{printable(text)} belongs to another key\nthis node writes under "
            f"/edge/{node.peer_id}/ alone: give what stands behind that"
        )
    return path.decode()


async def _prefix(node: Node, request: dict) -> bytes:
    text = request.get("prefix") or "/"
    if not isinstance(text, str):
        raise LocalError("a prefix is text")
    if not text.startswith("/"):
        text = f"/edge/{node.peer_id}/{text}"
    return names.prefix_of(text)


# -- what a request says


def _value(request: dict) -> bytes:
    try:
        value = base64.b64decode(request["value"], validate=True)
    except (KeyError, TypeError, ValueError):
        raise LocalError("a value is base64") from None
    if len(value) > record.VALUE_BYTES_MAX:
        raise LocalError(
            f"a value of {len(value)} bytes; a record holds at most {record.VALUE_BYTES_MAX}"
        )
    return value


async def _rule(node: Node, request: dict) -> tuple:
    """How long the record is to be valid: for ever, unless the request says otherwise."""
    if request.get("chain") is True:
        return CHAIN, b""
    if request.get("ttl_ms") is not None:
        from edge.records.schemes import ttl

        return ttl.valid_for(number_of(request, "ttl_ms", 0, 1, TTL_MS_MAX))
    if request.get("fresh") is not None:
        return await _seen(node, request)
    start, end = (number_of(request, name, 0, 0, NS_MAX) for name in ("from_ns", "until_ns"))
    if not start and not end:
        return FOREVER
    from edge.records.schemes import datetime_range

    return datetime_range.valid_between(start, end)


async def _seen(node: Node, request: dict) -> tuple:
    """The rule of a record that a beacon dates."""
    from edge.records.schemes import chain, fresh

    peer_id = await peer_of(node, text_of(request, "fresh", "name the peer that is the beacon"))
    key = names.edge_key(peer_id, chain.BEACON_PATH.decode())
    beacon = await (await node.record_store()).get(key)
    if beacon is None:
        raise LinkError(
            f"nothing is heard of the beacon {peer_id}\n"
            "it is a node that runs 'edge put beacon now --chain' now and then"
        )
    return fresh.seen(beacon, number_of(request, "behind_max", 1, 0, BEATS_MAX))


# -- what is told


def _describe_key(key: bytes) -> dict:
    return {"name": names.text_of(key), "key": key.hex()}


def _describe(node: Node, key: bytes, value: bytes, whole: bool) -> dict:
    """A record as plain values; ``whole``: with its value."""
    told = {
        "event": "record",
        **_describe_key(key),
        "lifetime_ms": node.judge.lifetime_ms(key, value),
    }
    try:
        bundle = record.decode(value)
    except RemoteError:  # /ipns, /pk: the value is all there is
        told["bytes"] = len(value)
        found = value
    else:
        found = bundle.record.value
        told.update(version=bundle.record.version, scheme=_SCHEMES[bundle.record.scheme],
                    bytes=len(found), age_ms=bundle.age_ms)  # fmt: skip
    if whole:
        told["value"] = base64.b64encode(found).decode()
    return told
