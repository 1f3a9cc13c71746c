"""Edge as an implementation under test of the public interop harnesses: connect, ping once, report.

    listener --RPUSH its address--> redis list --BLPOP--> dialer --dial, ping--> listener
                                                             |
                                                             +--> latencies on stdout

The environment tells which of the two contracts is meant:

                     libp2p/unified-testing            libp2p/test-plans (transport-interop)
    role             IS_DIALER                         is_dialer
    stack            TRANSPORT SECURE_CHANNEL MUXER    transport security muxer
    listens on       LISTENER_IP                       ip
    redis            REDIS_ADDR                        redis_addr
    list             <TEST_KEY>_listener_multiaddr     listenerAddr
    seconds          TEST_TIMEOUT_SECS                 test_timeout_seconds
    result           YAML                              one line of JSON

A listener runs until it is stopped.  Exit codes: 0 done, 1 failed, 2 asked for what there is not.
Diagnostics go to stderr, with DEBUG=true more of them.
"""

import asyncio
import json
import os
import signal
import sys
import time
from collections import namedtuple
from collections.abc import Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from edge.errors import EdgeError
from edge.identity.keys import PrivateKey
from edge.swarm.protocols.identify import Identify
from edge.swarm.protocols.ping import Ping
from edge.swarm.swarm import Swarm
from edge.system import aio, log
from edge.wire.multiaddr import Multiaddr
from transports import open_transport

SUPPORTED = {"transport": ("tcp",), "security": ("noise",), "muxer": ("yamux",)}
TIMEOUT_S = 180
REDIS = "redis:6379"
REDIS_PORT = 6379
REDIS_RETRY_S = 0.2  # redis may come up after us
REPLY_BYTES_MAX = 64 * 1024

Test = namedtuple("Test", ("is_dialer", "ip", "redis", "key", "timeout_s", "debug", "report"))


class Unsupported(Exception):
    """The environment asks for what edge has not, or does not say what it asks for."""


class Failed(Exception):
    """The test did not work out."""


# --- what the environment asks for ----------------------------------------------------------------


def read_environment(environment: Mapping[str, str]) -> Test:
    """The Test that either contract asks for; Unsupported says why there is none."""
    modern = "TRANSPORT" in environment
    names = (
        ("TRANSPORT", "SECURE_CHANNEL", "MUXER", "IS_DIALER", "LISTENER_IP", "REDIS_ADDR")
        if modern
        else ("transport", "security", "muxer", "is_dialer", "ip", "redis_addr")
    )
    for name, supported in zip(names, SUPPORTED.values(), strict=False):
        _check(name, environment.get(name), supported)
    role = environment.get(names[3])
    _check(names[3], role, ("true", "false"))
    key = "listenerAddr"
    if modern:
        if not environment.get("TEST_KEY"):
            raise Unsupported("TEST_KEY is not set")
        key = environment["TEST_KEY"] + "_listener_multiaddr"
    timeout = environment.get("TEST_TIMEOUT_SECS" if modern else "test_timeout_seconds")
    return Test(
        is_dialer=role == "true",
        ip=environment.get(names[4]) or "0.0.0.0",
        redis=environment.get(names[5]) or REDIS,
        key=key,
        timeout_s=int(timeout or TIMEOUT_S),
        debug=environment.get("DEBUG") == "true",
        report=report_yaml if modern else report_json,
    )


def _check(name: str, value: str | None, supported: tuple) -> None:
    if value not in supported:
        has = " or ".join(supported)
        what = "is not set" if value is None else f"is {value!r}"
        raise Unsupported(f"{name} {what}; edge has {has}")


def report_yaml(handshake_plus_ping_ms: float, ping_ms: float) -> str:
    return (
        "latency:\n"
        f"  handshake_plus_one_rtt: {handshake_plus_ping_ms:.3f}\n"
        f"  ping_rtt: {ping_ms:.3f}\n"
        "  unit: ms"
    )


def report_json(handshake_plus_ping_ms: float, ping_ms: float) -> str:
    return json.dumps(
        {
            "handshakePlusOneRTTMillis": round(handshake_plus_ping_ms, 3),
            "pingRTTMilllis": round(ping_ms, 3),  # with three l: so the contract has it
        }
    )


# --- redis, as much of it as is needed ------------------------------------------------------------


class Redis:
    """One connection that sends a command and waits for its reply (RESP 2)."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def connect(cls, address: str) -> "Redis":
        """Connect to ``host:port``, again and again until it is there."""
        host, _, port = address.removeprefix("redis://").partition(":")
        while True:
            try:
                pipe = asyncio.open_connection(host, int(port or REDIS_PORT), limit=REPLY_BYTES_MAX)
                return cls(*await pipe)
            except OSError as error:
                say(f"redis at {address}: {error}")
                await asyncio.sleep(REDIS_RETRY_S)

    @property
    def local_ip(self) -> str:
        """Our address on the network that leads to redis, and so to the other side."""
        return self._writer.get_extra_info("sockname")[0]

    async def call(self, *words: str) -> "str | int | list | None":
        """The reply to a command; Failed if it is an error."""
        parts = [word.encode() for word in words]
        self._writer.write(b"*%d\r\n" % len(parts))
        self._writer.write(b"".join(b"$%d\r\n%s\r\n" % (len(part), part) for part in parts))
        await self._writer.drain()
        try:
            return await self._read_reply()
        except asyncio.IncompleteReadError:
            raise Failed("redis closed the connection") from None

    async def _read_reply(self) -> "str | int | list | None":
        line = (await self._reader.readuntil(b"\r\n"))[:-2].decode()
        kind, rest = line[:1], line[1:]
        if kind == "+":
            return rest
        if kind == ":":
            return int(rest)
        if kind == "$":
            if rest == "-1":
                return None
            return (await self._reader.readexactly(int(rest) + 2))[:-2].decode()
        if kind == "*":
            return None if rest == "-1" else [await self._read_reply() for _ in range(int(rest))]
        raise Failed(f"redis said {line!r}")

    def close(self) -> None:
        self._writer.close()


# --- the two roles --------------------------------------------------------------------------------


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


async def run(test: Test) -> None:
    redis = None
    swarm = Swarm(PrivateKey.generate(), [open_transport("tcp")])
    try:
        async with asyncio.timeout(test.timeout_s):
            redis = await Redis.connect(test.redis)
            await (dial(test, swarm, redis) if test.is_dialer else listen(test, swarm, redis))
    except TimeoutError:
        raise Failed(f"not done within {test.timeout_s} s") from None
    finally:
        if redis:
            redis.close()
        await swarm.close()


async def dial(test: Test, swarm: Swarm, redis: Redis) -> None:
    Identify(swarm)
    ping = Ping(swarm)
    found = await redis.call("BLPOP", test.key, str(test.timeout_s))
    if not found:
        raise Failed(f"no listener in the list {test.key} within {test.timeout_s} s")
    address = found[1]
    say(f"{swarm.peer_id} dials {address}")
    started = time.perf_counter()
    connection = await swarm.dial(Multiaddr(address))
    [ping_ms] = await ping.ping(connection.remote_peer)
    print(test.report((time.perf_counter() - started) * 1000, ping_ms), flush=True)


async def listen(test: Test, swarm: Swarm, redis: Redis) -> None:
    """Serve until SIGTERM; the time running out is a failure."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    Ping(swarm)
    listener = await swarm.listen(Multiaddr(f"{_ip(test.ip)}/tcp/0"))
    port = listener.addresses()[0].value("tcp")
    ip = redis.local_ip if test.ip in ("0.0.0.0", "::") else test.ip
    address = Multiaddr(f"{_ip(ip)}/tcp/{port}")
    Identify(swarm, addresses=lambda: [address])
    await redis.call("DEL", test.key)  # what an earlier run may have left
    await redis.call("RPUSH", test.key, f"{address}/p2p/{swarm.peer_id}")
    say(f"listening on {address}/p2p/{swarm.peer_id}")
    await stopped.wait()


def _ip(ip: str) -> str:
    return f"/ip6/{ip}" if ":" in ip else f"/ip4/{ip}"


def main() -> int:
    """Do what the environment asks for; the exit code."""
    try:
        test = read_environment(os.environ)
    except Unsupported as error:
        say(str(error))
        return 2
    if test.debug:
        log.set_level("debug")
    try:
        aio.run(run(test))
    except (EdgeError, Failed) as error:
        say(f"failed: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
