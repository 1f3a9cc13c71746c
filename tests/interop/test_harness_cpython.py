"""Edge under both contracts of the public harnesses, with a real redis between its two ends."""

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests import needs
from tests.interop import harness
from tests.interop.peers import build
from tests.interop.peers.client import Peer

HARNESS = str(Path(harness.__file__))
TEST_KEY = "a5b50d5e"
LIST = {"unified": TEST_KEY + "_listener_multiaddr", "test-plans": "listenerAddr"}
CONTRACTS = tuple(LIST)
TIMEOUT_S = 30


def environment(contract: str, redis: str, dialer: bool, **changes: str) -> dict:
    """The variables that the harness of ``contract`` sets."""
    role = "true" if dialer else "false"
    if contract == "unified":
        asked = {
            "IS_DIALER": role, "REDIS_ADDR": redis, "TEST_KEY": TEST_KEY, "TRANSPORT": "tcp",
            "SECURE_CHANNEL": "noise", "MUXER": "yamux", "LISTENER_IP": "0.0.0.0", "DEBUG": "false",
        }  # fmt: skip
    else:
        asked = {
            "is_dialer": role, "redis_addr": redis, "transport": "tcp", "security": "noise",
            "muxer": "yamux", "ip": "0.0.0.0",
        }  # fmt: skip
    return {"PATH": os.environ["PATH"]} | asked | changes


async def start(variables: dict) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, HARNESS, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


async def finish(process: asyncio.subprocess.Process) -> tuple[int, str, str]:
    """Exit code, stdout and stderr."""
    try:
        out, err = await asyncio.wait_for(process.communicate(), TIMEOUT_S)
    except TimeoutError:
        process.kill()
        out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


@contextlib.asynccontextmanager
async def listening(variables: dict) -> AsyncIterator[asyncio.subprocess.Process]:
    """A listener, stopped as the harness stops it, which it must take well and silently."""
    process = await start(variables)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        code, out, err = await finish(process)
        print(err)  # pytest shows it if the test fails
    assert (code, out) == (0, "")


def latencies(contract: str, out: str) -> tuple[float, float]:
    """What a dialer printed, read as strictly as the harness does."""
    if contract == "test-plans":
        found = json.loads(out)
        assert list(found) == ["handshakePlusOneRTTMillis", "pingRTTMilllis"]
        return tuple(found.values())
    lines = out.splitlines()
    assert (lines[0], lines[3:]) == ("latency:", ["  unit: ms"])
    names, values = zip(*(line.split(": ") for line in lines[1:3]), strict=True)
    assert names == ("  handshake_plus_one_rtt", "  ping_rtt")
    return tuple(float(value) for value in values)


def check(contract: str, result: tuple[int, str, str]) -> None:
    code, out, err = result
    assert code == 0, err
    handshake_ms, ping_ms = latencies(contract, out)
    assert 0 < ping_ms < handshake_ms < 20000


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[str]:
    """The address of a redis of this test."""
    program = needs.tool("redis-server", "apt-get install redis-server")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    arguments = ["--bind", "127.0.0.1", "--port", str(port), "--save", "", "--dir", str(tmp_path)]
    with open(tmp_path / "redis.log", "wb") as output:
        process = subprocess.Popen([program, *arguments], stdout=output)
    try:
        _wait_for_port(port)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


def _wait_for_port(port: int) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            assert time.monotonic() < deadline, "redis-server did not come up"
            time.sleep(0.02)


@pytest.mark.parametrize("contract", CONTRACTS)
async def test_edge_with_edge(contract: str, redis: str):
    dialer = await start(environment(contract, redis, dialer=True))  # whoever comes first waits
    async with listening(environment(contract, redis, dialer=False)):
        check(contract, await finish(dialer))


@pytest.mark.parametrize(("listener", "dialer"), [CONTRACTS, CONTRACTS[::-1]])
async def test_one_end_old_the_other_new(listener: str, dialer: str, redis: str):
    """Between the two the harness translates the name of the list; here redis moves the entry."""
    async with listening(environment(listener, redis, dialer=False)):
        client = await harness.Redis.connect(redis)
        moved = await client.call("BLMOVE", LIST[listener], LIST[dialer], "LEFT", "RIGHT", "10")
        client.close()
        assert moved.startswith("/ip4/127.0.0.1/tcp/")
        check(dialer, await finish(await start(environment(dialer, redis, dialer=True))))


@pytest.mark.parametrize("contract", CONTRACTS)
async def test_an_address_of_an_earlier_run_is_forgotten(contract: str, redis: str):
    client = await harness.Redis.connect(redis)
    await client.call("RPUSH", LIST[contract], "/ip4/127.0.0.1/tcp/1")
    async with listening(environment(contract, redis, dialer=False)) as process:
        assert (await process.stderr.readline()).startswith(b"listening")
        assert await client.call("LLEN", LIST[contract]) == 1
        check(contract, await finish(await start(environment(contract, redis, dialer=True))))
    client.close()


@pytest.mark.parametrize("lang", ["go", "rust"])
async def test_edge_dials_a_foreign_listener(lang: str, redis: str):
    try:
        peer = await Peer.start(lang, "--listen", "/ip4/127.0.0.1/tcp/0")
    except build.Missing as error:
        needs.missing(str(error))
    async with peer:
        client = await harness.Redis.connect(redis)
        await client.call("RPUSH", LIST["unified"], peer.addresses[0])
        client.close()
        check("unified", await finish(await start(environment("unified", redis, dialer=True))))


@pytest.mark.parametrize("lang", ["go", "rust"])
async def test_a_foreign_dialer_finds_edge(lang: str, redis: str):
    try:
        peer = await Peer.start(lang)
    except build.Missing as error:
        needs.missing(str(error))
    async with peer, listening(environment("unified", redis, dialer=False)):
        client = await harness.Redis.connect(redis)
        _, address = await client.call("BLPOP", LIST["unified"], "10")
        client.close()
        edge = (await peer.call("dial", address=address))["peer_id"]
        assert len((await peer.call("ping", peer_id=edge, count=3))["rtt_ms"]) == 3
        told = await peer.call("identify", peer_id=edge)
        assert [f"{listen}/p2p/{edge}" for listen in told["listen_addrs"]] == [address]


@pytest.mark.parametrize(
    ("contract", "name", "value"),
    [
        ("unified", "TRANSPORT", "quic-v1"),
        ("unified", "SECURE_CHANNEL", "tls"),
        ("unified", "MUXER", "mplex"),
        ("unified", "IS_DIALER", "perhaps"),
        ("unified", "TEST_KEY", ""),
        ("test-plans", "transport", "ws"),
        ("test-plans", "security", "plaintext"),
        ("test-plans", "muxer", ""),
        ("test-plans", "is_dialer", ""),
    ],
)
async def test_what_there_is_not_is_named(contract: str, name: str, value: str):
    asked = environment(contract, "127.0.0.1:1", dialer=True) | {name: value}
    code, out, err = await finish(await start(asked))
    assert (code, out) == (2, "")
    assert name in err and value in err


async def test_a_standalone_transport_comes_without_security_and_muxer():
    asked = environment("unified", "127.0.0.1:1", dialer=True, TRANSPORT="quic-v1")
    del asked["SECURE_CHANNEL"], asked["MUXER"]
    code, out, err = await finish(await start(asked))
    assert (code, out) == (2, "")
    assert "quic-v1" in err


@pytest.mark.parametrize("contract", CONTRACTS)
async def test_failures_are_told_by_the_exit_code(contract: str, redis: str):
    timeout = {"unified": "TEST_TIMEOUT_SECS", "test-plans": "test_timeout_seconds"}[contract]
    short = {timeout: "1"}
    asked = environment(contract, redis, dialer=True, **short)
    code, out, err = await finish(await start(asked))
    assert (code, out) == (1, ""), "no listener: " + err
    code, out, err = await finish(await start(environment(contract, redis, False, **short)))
    assert (code, out) == (1, ""), "nobody stopped the listener: " + err
    client = await harness.Redis.connect(redis)
    nobody = "/ip4/127.0.0.1/tcp/1/p2p/12D3KooWGB2CKyTbcuGzjGxnZLaxfcVVbPfYX8Ta2rGUDhLrtBAr"
    await client.call("DEL", LIST[contract])
    await client.call("RPUSH", LIST[contract], nobody)
    client.close()
    code, out, err = await finish(await start(environment(contract, redis, dialer=True)))
    assert (code, out) == (1, ""), "nobody there: " + err
    assert "failed" in err


async def test_redis_replies(redis: str):
    client = await harness.Redis.connect("redis://" + redis)
    assert await client.call("PING") == "PONG"
    assert await client.call("RPUSH", "list", "one", "two\r\n$3") == 2
    assert await client.call("LRANGE", "list", "0", "-1") == ["one", "two\r\n$3"]
    assert await client.call("GET", "nothing") is None
    assert await client.call("BLPOP", "nothing", "0.01") is None
    with pytest.raises(harness.Failed, match="WRONGTYPE"):
        await client.call("GET", "list")
    client.close()
