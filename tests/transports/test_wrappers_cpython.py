"""faulty and traced: still transports, and doing what they say."""

import struct
import subprocess
from pathlib import Path

import pytest

from edge.errors import LinkError, LocalError
from edge.wire.multiaddr import Multiaddr
from tests import kit, needs
from tests.contract import transport as contract
from transports import faulty, memory, pcap, tcp, traced

MEMORY = Multiaddr("/memory/4712")
LOOPBACK = Multiaddr("/ip4/127.0.0.1/tcp/0")


def packets(data: bytes) -> list[bytes]:
    """The packets of a capture, its framing checked."""
    assert data[: len(pcap.HEADER)] == pcap.HEADER
    found, at = [], len(pcap.HEADER)
    while at < len(data):
        size, full = struct.unpack("<II", data[at + 8 : at + 16])
        assert size == full and at + 16 + size <= len(data)
        found.append(data[at + 16 : at + 16 + size])
        at += 16 + size
    return found


async def test_faulty_without_faults_is_a_transport():
    await contract.check(faulty.Transport(memory.Transport(), faulty.Faults()), MEMORY)


async def test_faulty_crumbs_lose_nothing():
    faults = faulty.Faults(seed=3, crumb_bytes=7, delay_ms=1)
    transport = faulty.Transport(memory.Transport(), faults)
    listener = await transport.listen(MEMORY)
    dialed, accepted = await contract.pair(transport, listener)
    sent = bytes(range(200))
    await contract.write(dialed, sent)
    assert await contract.read_exactly(accepted, 200) == sent
    await contract.close(dialed, accepted, listener)


async def faulty_pair(**faults):
    transport = faulty.Transport(memory.Transport(), faulty.Faults(seed=3, **faults))
    listener = await transport.listen(MEMORY)
    dialed, accepted = await contract.pair(transport, listener)
    await contract.write(dialed, bytes(1000))
    await listener.close()
    return dialed, accepted


async def test_faulty_flips_bits():
    dialed, accepted = await faulty_pair(flip_every_bytes=100)
    got = await contract.read_exactly(accepted, 1000)
    assert 3 < sum(got) < 40
    await contract.close(dialed, accepted)


async def test_faulty_cuts():
    dialed, accepted = await faulty_pair(cut_after_bytes=500)
    await accepted.read()
    await kit.raises_async(LinkError, accepted.read())
    await dialed.close()


async def test_traced_is_a_transport(tmp_path):
    for inner, address in ((memory.Transport(), MEMORY), (tcp.Transport(), LOOPBACK)):
        if address is LOOPBACK:
            probe = await inner.listen(address)
            address = probe.addresses()[0]
            await probe.close()
        trace = traced.Trace(str(tmp_path / "trace.pcap"))
        await contract.check(traced.Transport(inner, trace), address)
        trace.close()
        assert packets((tmp_path / "trace.pcap").read_bytes())


@pytest.mark.parametrize("host", ("/ip4/127.0.0.1", "/ip6/::1"))
async def test_traced_writes_what_moved(tmp_path, host):
    path = tmp_path / "trace.pcap"
    trace = traced.Trace(str(path))
    transport = traced.Transport(tcp.Transport(), trace)
    listener = await transport.listen(Multiaddr(host + "/tcp/0"))
    dialed = await transport.dial(listener.addresses()[0])
    accepted = await listener.accept()
    await contract.write(dialed, b"a secret that is not one" * 4000)
    await contract.read_exactly(accepted, 24 * 4000)
    await contract.close(dialed, accepted, listener)
    trace.close()
    assert path.stat().st_mode & 0o777 == 0o600
    assert b"a secret that is not one" in b"".join(packets(path.read_bytes()))
    shown = tshark(path, "-q", "-z", "follow,tcp,raw,0")
    assert b"a secret that is not one".hex() in shown
    assert tshark(path, "-Y", "_ws.malformed") == ""


def tshark(path: Path, *arguments: str) -> str:
    """What tshark prints about the trace at ``path``."""
    program = needs.tool("tshark", "Debian: apt-get install tshark")
    command = [program, "-r", str(path), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_a_trace_that_cannot_be_written_says_so(tmp_path):
    assert kit.raises(LocalError, traced.Trace, str(tmp_path / "no" / "trace.pcap"))


async def test_a_trace_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(traced, "FILE_BYTES_MAX", 2000)
    path = tmp_path / "trace.pcap"
    trace = traced.Trace(str(path))
    transport = traced.Transport(memory.Transport(), trace)
    listener = await transport.listen(MEMORY)
    dialed, accepted = await contract.pair(transport, listener)
    await contract.write(dialed, bytes(5000))
    assert len(await contract.read_exactly(accepted, 5000)) == 5000
    assert path.stat().st_size <= 2000 and packets(path.read_bytes())
    await contract.close(dialed, accepted, listener)
