"""What a node lives through: cables, addresses, clocks and disks.  Real processes, real kernel."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import needs
from tests.edge.cli.program import Running, edge
from tests.lan_cpython import Lan

pytestmark = pytest.mark.slow

YEAR_S = 365 * 86400
LOOPBACK = ("--listen", "/ip4/127.0.0.1/tcp/0", "--no-mdns")
AGAIN_S = 40  # until two nodes have found each other again


@contextmanager
def two_on_a_lan(folder: Path, **options) -> Iterator[tuple[Lan, Running, Running]]:
    """Two nodes with the defaults, each on a host of its own, already connected."""
    with Lan(2, **options) as lan, start(lan, 0, folder) as a, start(lan, 1, folder) as b:
        meet(a, b)
        yield lan, a, b
        assert a.stop() == 0, a.said()
        assert b.stop() == 0, b.said()


def start(lan: Lan, host: int, folder: Path, *arguments: str) -> Running:
    return Running(folder / f"host{host}", *arguments, prefix=tuple(lan.command(host)))


def meet(a: Running, b: Running) -> None:
    """Both tell that they have found the other and are connected."""
    for node in (a, b):
        if not node.peer_id:
            node.ready()
    a.event("connected", peer_id=b.peer_id)
    b.event("connected", peer_id=a.peer_id)
    assert found(a, b) or found(b, a), a.said()


def found(node: Running, other: Running) -> list[dict]:
    """What ``node`` told of having found ``other``."""
    return [event for event in node.told
            if event["event"] == "found" and event["peer_id"] == other.peer_id]  # fmt: skip


def ping(lan: Lan, host: int, node: Running, peer: str) -> bool:
    """Whether the running node of ``host`` reaches ``peer``."""
    done = edge("ping", peer, "-c", "1", "--data", str(node.data), check=None,
                prefix=tuple(lan.command(host)))  # fmt: skip
    return done.returncode == 0


def eventually(condition, timeout_s: float = AGAIN_S) -> None:
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until, "never came true"
        time.sleep(0.2)


# the network


@pytest.mark.parametrize("family", ["both", "ipv4", "ipv6"])
def test_two_boards_find_each_other_and_talk(tmp_path, family) -> None:
    options = {"ipv4": family != "ipv6", "ipv6": family != "ipv4"}
    with two_on_a_lan(tmp_path, **options) as (lan, a, b):
        assert ping(lan, 0, a, b.peer_id)
        assert ping(lan, 1, b, a.peer_id[-8:])


def test_a_goodbye_is_heard(tmp_path) -> None:
    with Lan(2) as lan, start(lan, 0, tmp_path) as a:
        with start(lan, 1, tmp_path) as b:
            meet(a, b)
            gone = b.peer_id
            if not found(a, b):  # b, faster, dialed a
                a.event("found", peer_id=gone)
            assert b.stop() == 0
        told = [a.next_event(peer_id=gone)["event"] for _ in range(2)]
        assert sorted(told) == ["disconnected", "lost"]
        with start(lan, 1, tmp_path) as b:
            meet(a, b)
            assert b.stop() == 0
        assert a.stop() == 0


def test_a_command_without_a_node_finds_a_peer_on_the_lan(tmp_path) -> None:
    with Lan(2) as lan, start(lan, 0, tmp_path) as a:
        peer_id = a.ready()["peer_id"]
        prefix = tuple(lan.command(1))
        shown = edge("ping", peer_id, "-c", "1", "--data", str(tmp_path / "x"), prefix=prefix)
        assert "1 round trips" in shown.stdout
        assert peer_id in edge("peers", "--data", str(tmp_path / "x"), prefix=prefix).stdout
        assert a.stop() == 0


def test_a_cable_that_is_pulled_for_a_moment_costs_nothing(tmp_path) -> None:
    with two_on_a_lan(tmp_path) as (lan, a, b):
        lan.plug(1, False)
        time.sleep(2)
        lan.plug(1, True)
        eventually(lambda: ping(lan, 0, a, b.peer_id))
        assert ping(lan, 1, b, a.peer_id)


def test_an_interface_goes_down_and_up(tmp_path) -> None:
    with two_on_a_lan(tmp_path) as (lan, a, b):
        lan.ip(1, "link", "set", "eth0", "down")
        b.event("moved")
        time.sleep(3)
        lan.ip(1, "link", "set", "eth0", "up")
        lan.ip(1, "address", "replace", "fd77::2/64", "dev", "eth0", "nodad")
        eventually(lambda: ping(lan, 1, b, a.peer_id))
        eventually(lambda: ping(lan, 0, a, b.peer_id))


def test_a_node_that_starts_without_a_network_gets_one(tmp_path) -> None:
    with Lan(2) as lan:
        lan.ip(1, "link", "set", "eth0", "down")
        with start(lan, 0, tmp_path) as a, start(lan, 1, tmp_path) as b:
            first, second = a.ready()["peer_id"], b.ready()["peer_id"]
            time.sleep(1)
            lan.ip(1, "link", "set", "eth0", "up")
            a.event("connected", AGAIN_S, peer_id=second)
            assert ping(lan, 1, b, first)
            assert a.stop() == b.stop() == 0


def test_an_address_changes(tmp_path) -> None:
    with two_on_a_lan(tmp_path, ipv6=False) as (lan, a, b):
        lan.ip(1, "address", "del", "10.77.0.2/24", "dev", "eth0")
        lan.ip(1, "address", "add", "10.77.0.99/24", "dev", "eth0")
        moved = b.event("moved")
        while "/ip4/10.77.0.99/tcp/4001" not in moved["addresses"]:
            moved = b.event("moved")
        eventually(lambda: ping(lan, 1, b, a.peer_id))
        eventually(lambda: ping(lan, 0, a, b.peer_id))
        a.event("found", AGAIN_S, peer_id=b.peer_id, addresses=["/ip4/10.77.0.99/tcp/4001"])


# the clock


@pytest.fixture(scope="module")
def clock(tmp_path_factory) -> tuple[Path, dict[str, str]]:
    """A file with the seconds that the wall clock is off, and the environment that obeys it."""
    folder = tmp_path_factory.mktemp("clock")
    shim = folder / "clock_shim.so"
    compiler = needs.tool("cc", "apt install gcc")
    source = Path(__file__).with_name("clock_shim.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-o", shim, source, "-ldl"], check=True)
    (folder / "offset").write_text("0")
    return folder / "offset", {"LD_PRELOAD": str(shim), "CLOCK_OFFSET": str(folder / "offset")}


@pytest.mark.parametrize("offset_s", [YEAR_S, -YEAR_S, -40 * YEAR_S])
def test_the_clock_jumps_by_a_year(tmp_path, clock, offset_s) -> None:
    offset, more = clock
    offset.write_text("0")
    with Running(tmp_path / "a", *LOOPBACK, **more) as a:
        there = a.ready()
        with Running(tmp_path / "b", *LOOPBACK, "--peer", there["addresses"][0], **more) as b:
            b.event("connected")
            offset.write_text(str(offset_s))
            assert doctor_year(tmp_path, more) == time.gmtime(time.time() + offset_s).tm_year
            for _ in range(3):
                edge("ping", there["peer_id"], "-c", "2", "--data", str(b.data), **more)
            shown = edge("peers", "--data", str(b.data), **more).stdout
            assert "outbound" in shown
            assert not events(b, "disconnected")
            assert b.stop() == 0
        with Running(tmp_path / "b", *LOOPBACK, **more) as b:
            b.ready()
            edge("ping", there["peer_id"], "-c", "1", "--data", str(b.data), **more)
            assert b.stop() == 0
        assert a.stop() == 0


def doctor_year(folder: Path, more: dict[str, str]) -> int:
    """The year as a process under the shim sees it."""
    shown = edge("doctor", "--data", str(folder), check=None, **more).stdout
    (line,) = [line for line in shown.splitlines() if line.split()[1:2] == ["clock"]]
    return int(line.partition("UTC")[0].split()[-2].split("-")[0])


def events(node: Running, name: str) -> list[dict]:
    """Those of that name that have come so far."""
    try:
        return [node.event(name, 0.1)]
    except AssertionError:
        return []


# the disk


class SmallDisk:
    """A file system of its own that only the node and we see."""

    def __init__(self, folder: Path, size: str = "64k") -> None:
        needs.root()
        needs.tool("unshare", "apt install util-linux")
        folder.mkdir()
        self.folder = folder
        mount = f"mount -t tmpfs -o size={size},mode=700 tmpfs '{folder}' && exec \"$@\""
        self.prefix = ("unshare", "-m", "sh", "-c", mount, "sh")

    def with_identity(self, then: str) -> tuple[str, ...]:
        """The prefix of a command that finds an identity there, after ``then`` was done."""
        made = self.folder.with_suffix(".made")
        edge("id", "--data", str(made))
        prepare = f"cp '{made}/identity.key' '{self.folder}' && {then} && exec \"$@\""
        return (*self.prefix, "sh", "-c", prepare, "sh")

    def inside(self, node: Running, script: str) -> str:
        line = ["nsenter", "-m", "-t", str(node.process.pid), "sh", "-c", script]
        return subprocess.run(line, cwd="/", capture_output=True, text=True, check=False).stdout

    def fill(self, node: Running) -> None:
        self.inside(node, f"cat /dev/zero >'{self.folder}/fill'")
        left = self.inside(node, f"df --output=avail '{self.folder}' | tail -1")
        assert left.strip() == "0"


def test_a_full_disk_does_not_stop_a_node(tmp_path) -> None:
    disk = SmallDisk(tmp_path / "d")
    (tmp_path / "config.json").write_text('{"save_interval_s": 10}')
    with Running(tmp_path / "a", *LOOPBACK) as a:
        there = a.ready()["addresses"][0]
        with Running(disk.folder, *LOOPBACK, "--config", str(tmp_path / "config.json"),
                     prefix=disk.prefix) as b:  # fmt: skip
            here = b.ready()
            disk.fill(b)
            edge("ping", here["addresses"][0], "-c", "1", "--data", str(tmp_path / "a"))
            eventually(lambda: any("disk is full" in line for line in b.noted))
            edge("ping", here["peer_id"], "-c", "1", "--data", str(tmp_path / "a"))
            time.sleep(11)
            assert len([line for line in b.noted if "disk is full" in line]) == 1, b.said()
            names = disk.inside(b, f"ls '{disk.folder}'").split()
            assert sorted(names) == ["control", "fill", "identity.key", "lock"]
            assert b.stop() == 0, b.said()
        assert there
        assert a.stop() == 0


def test_a_node_starts_on_a_full_disk_if_it_has_an_identity(tmp_path) -> None:
    disk = SmallDisk(tmp_path / "d")
    prefix = disk.with_identity(f"{{ cat /dev/zero >'{disk.folder}/fill' || true; }}")
    with Running(disk.folder, *LOOPBACK, prefix=prefix) as node:
        node.ready()
        assert node.stop() == 0, node.said()


def test_no_identity_is_made_on_a_full_disk(tmp_path) -> None:
    disk = SmallDisk(tmp_path / "d")
    fill = f"cat /dev/zero >'{disk.folder}/fill'"
    prepare = f"{fill}; \"$@\"; code=$?; ls '{disk.folder}'; exit $code"
    prefix = (*disk.prefix, "sh", "-c", prepare, "sh")
    failed = edge("run", *LOOPBACK, "--data", str(disk.folder), check=1, prefix=prefix)
    assert "the disk is full" in failed.stderr
    assert set(failed.stdout.split()) <= {"fill", "lock"}


def test_a_read_only_directory_is_enough(tmp_path) -> None:
    disk = SmallDisk(tmp_path / "d")
    prefix = disk.with_identity(f"mount -o remount,ro '{disk.folder}'")
    with Running(disk.folder, *LOOPBACK, prefix=prefix) as node:
        address = node.ready()["addresses"][0]
        edge("ping", address, "-c", "1", "--data", str(tmp_path / "x"))
        assert node.stop() == 0, node.said()


def test_a_stopped_process_goes_on_where_it_was(tmp_path) -> None:
    with Running(tmp_path / "a", *LOOPBACK) as a:
        there = a.ready()
        with Running(tmp_path / "b", *LOOPBACK, "--peer", there["addresses"][0]) as b:
            b.event("connected")
            os.kill(a.process.pid, signal.SIGSTOP)
            time.sleep(3)
            os.kill(a.process.pid, signal.SIGCONT)
            edge("ping", there["peer_id"], "-c", "1", "--data", str(b.data))
            assert b.stop() == 0
        assert a.process.poll() is None
        assert a.stop() == 0
