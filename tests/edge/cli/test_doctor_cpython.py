"""`edge doctor` on machines that lack something: what it says, and what it advises."""

import resource
import sys

import pytest

from edge.cli.machine import checks
from tests import needs
from tests.edge.cli.program import edge, lines
from tests.lan_cpython import Lan

HOLD_5353 = """
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 5353))
print("held", flush=True)
sys.stdin.read()
"""


def findings(data, prefix: tuple[str, ...] = (), **more: str) -> dict[str, list[dict]]:
    """What it found, by the name of the check."""
    found: dict[str, list[dict]] = {}
    done = edge("doctor", "--json", "--data", str(data), check=None, prefix=prefix, **more)
    for event in lines(done.stdout):
        found.setdefault(event["name"], []).append(event)
    return found


def worst(found: list[dict]) -> dict:
    return max(found, key=lambda event: ("ok", "warn", "fail").index(event["level"]))


def test_a_machine_without_a_network(tmp_path) -> None:
    with Lan(1) as lan:
        prefix = tuple(lan.command(0))
        assert worst(findings(tmp_path, prefix)["network"])["level"] == "ok"
        lan.ip(0, "link", "set", "eth0", "multicast", "off")
        lan.ip(0, "route", "flush", "dev", "eth0")
        lan.ip(0, "address", "flush", "dev", "eth0")
        found = worst(findings(tmp_path, prefix)["network"])
        assert found["level"] == "fail" and "cable" in found["advice"]


def test_a_program_that_keeps_the_port_of_mdns_is_named(tmp_path) -> None:
    with Lan(1) as lan:
        line = [sys.executable, "-c", HOLD_5353]
        holder = lan.popen(0, line, stdin=-1, stdout=-1)
        assert holder.stdout.readline() == b"held\n"
        found = worst(findings(tmp_path, tuple(lan.command(0)))["mdns"])
        assert found["level"] == "fail"
        assert "python" in found["advice"] and "ss -ulpn" in found["advice"]
        holder.communicate()


def test_a_machine_without_ipv6_is_fine(tmp_path) -> None:
    with Lan(1, ipv6=False) as lan:
        found = worst(findings(tmp_path, tuple(lan.command(0)))["network"])
        assert found["level"] == "ok"


def test_a_taken_port_is_no_fault(tmp_path) -> None:
    with Lan(1) as lan:
        line = [sys.executable, "-m", "http.server", "4001"]
        server = lan.popen(0, line, stdout=-3, stderr=-3)
        found: dict = {}
        while found.get("level") != "warn" and server.poll() is None:
            found = worst(findings(tmp_path, tuple(lan.command(0)))["node"])
        assert "4001" in found["text"] and "--listen" in found["advice"]


def test_few_open_files_are_a_warning(tmp_path) -> None:
    sh = needs.tool("sh")
    prefix = (sh, "-c", 'ulimit -S -n 256; exec "$@"', "sh")
    found = worst(findings(tmp_path, prefix)["files"])
    assert found["level"] == "warn" and "ulimit -n" in found["advice"]
    assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] != 256


@pytest.mark.parametrize("size", ["512k", "4m"])
def test_a_small_disk_is_noticed(tmp_path, size) -> None:
    needs.root()
    needs.tool("unshare", "apt install util-linux")
    mount = f"mount -t tmpfs -o size={size} tmpfs '{tmp_path}' && exec \"$@\""
    found = worst(findings(tmp_path, ("unshare", "-m", "sh", "-c", mount, "sh"))["data"])
    assert found["level"] == ("fail" if size == "512k" else "warn")
    assert "space" in found["advice"]


def test_a_directory_that_does_not_exist_yet_is_fine(tmp_path) -> None:
    assert worst(findings(tmp_path / "a" / "b")["data"])["level"] == "ok"
    assert not (tmp_path / "a").exists()


def test_multicast_over_an_address_we_have_not_is_a_problem() -> None:
    assert checks.multicast_problem("lo", bytes((192, 0, 2, 255))) != ""
    assert ("lo", "127.0.0.1") in checks.ipv4_interfaces()


def test_multicast_works_where_there_is_ipv6_alone(tmp_path) -> None:
    with Lan(1, ipv4=False) as lan:
        found = findings(tmp_path, tuple(lan.command(0)))
        (network,) = [event for event in found["network"] if "fd77::1" in event["text"]]
        assert network["level"] == "ok" and "multicast works" in network["text"]
        assert worst(found["mdns"])["level"] == "ok"


def test_a_responder_that_shares_the_port_is_named_and_no_fault(tmp_path) -> None:
    share = HOLD_5353.replace("s.bind", "s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n"
                              "s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)\n"
                              "s.bind")  # fmt: skip
    with Lan(1) as lan:
        holder = lan.popen(0, [sys.executable, "-c", share], stdin=-1, stdout=-1)
        assert holder.stdout.readline() == b"held\n"
        found = worst(findings(tmp_path, tuple(lan.command(0)))["mdns"])
        assert found["level"] == "ok" and "shared with python" in found["text"]
        holder.communicate()


@pytest.mark.parametrize(
    ("config", "level", "word"),
    [
        ("", "ok", "asks static, mdns, kad-edge, kad-lan"),
        ("routing = []", "warn", "nobody is asked"),
        ("mdns = false", "warn", "mDNS is off"),
        ('routing = ["kad-wan"]', "warn", "nobody to ask first"),
        ('routing = ["carrier-pigeon"]', "fail", "carrier-pigeon"),
        ("routing = 3", "fail", "routing must be a list"),
        ("routing = [[1]]", "fail", "routing must be a list"),
    ],
)
def test_whom_a_node_would_ask(tmp_path, config, level, word) -> None:
    (tmp_path / "config.toml").write_text(config)
    found = worst(findings(tmp_path)["routing"])
    assert found["level"] == level and word in found["text"]
    assert bool(found["advice"]) is (level != "ok")
