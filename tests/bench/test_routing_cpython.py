"""The benchmark of peer routing runs, counts what it should, and judges by what it found."""

import asyncio
import json
import socket
import subprocess
import sys

from tests import needs
from tests.bench import packets
from tests.bench.lan import per_node
from tests.bench.routing import FINDING, Report, columns
from tests.lan_cpython import Lan
from tests.sim.scenario import SCENARIOS
from tools import FAILED, OK, ROOT, USAGE


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tools", "bench", "routing", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)


def test_ten_nodes_twice():
    told = []
    for _ in range(2):
        done = bench("--nodes", "10", "--seed", "5", "--no-lan", "--quick", "--json")
        assert done.returncode in (OK, FAILED), done.stderr
        told.append(json.loads(done.stdout)["simulation"])
    assert [run["scenario"] for run in told[0]] == list(SCENARIOS)
    assert told[0] == told[1]
    for run in told[0]:
        assert run["operations"]["find_peer"]["tried"] == 200


def test_a_lan_table_for_people():
    needs.root()
    done = bench("--no-simulation", "--quick", "--only", "edge")
    assert done.returncode in (OK, FAILED), done.stderr
    for words in ("from exec to mutual discovery", "key probe", "RSS of a LAN node", "a quiet LAN"):
        assert words in done.stdout


def test_what_cannot_be_measured_is_a_usage_error():
    for option, value, said in (
        ("--nodes", "ten", "'ten'"),
        ("--nodes", "2", "at least 5"),
        ("--only", "cobol", "cobol"),
        ("--scenarios", "sunny", "sunny"),
    ):
        done = bench(option, value)
        assert done.returncode == USAGE and said in done.stderr


# -- counting


def frame(kind: int, header: bytes, ports: bytes) -> bytes:
    return bytes(12) + kind.to_bytes(2, "big") + header + ports + bytes(20)


def test_classes():
    v4 = bytes([0x45]) + bytes(8)
    v6 = bytes([0x60]) + bytes(5)
    mdns, other = packets.MDNS_PORT.to_bytes(2, "big"), b"\x10\x00"
    for protocol, ports, expected in (
        (socket.IPPROTO_UDP, other + mdns, "mdns"),
        (socket.IPPROTO_UDP, mdns + other, "mdns"),
        (socket.IPPROTO_UDP, other + other, "udp"),
        (socket.IPPROTO_TCP, other + mdns, "tcp"),
        (socket.IPPROTO_ICMP, other + other, "ground"),
    ):
        assert (
            packets.class_of(frame(0x0800, v4 + bytes([protocol]) + bytes(10), ports)) == expected
        )
        assert (
            packets.class_of(frame(0x86DD, v6 + bytes([protocol]) + bytes(33), ports)) == expected
        )
    assert packets.class_of(frame(0x0806, bytes(28), b"")) == "ground"


def test_a_frame_is_counted_once_where_it_is_sent():
    needs.root()
    send = "import socket;s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM)\n"
    send += "for _ in range(7): s.sendto(b'x' * 50, ('224.0.0.251', 5353))"

    async def count() -> tuple[dict, dict]:
        with Lan(3) as lan:
            async with packets.Tap(lan) as tap:
                before = await tap.read()
                await asyncio.to_thread(lan.run, 1, sys.executable, "-c", send)
                return before, await tap.read()

    before, after = asyncio.run(count())
    assert after["port1"]["mdns"] == [7, 7 * (14 + 20 + 8 + 50)]
    assert "mdns" not in after.get("port0", {}) and "mdns" not in after.get("port2", {})
    assert per_node(before, after, 2)["mdns"] == (7 / 6, 7 * 92 / 6)


# -- verdicts


def simulated(rate: float) -> dict:
    record = {"rate": rate, "false_answers": 0, "hops": 1, "hops_worst": 2, "requests": 3,
              "requests_worst": 4, "in_vain": 0, "ms": 100}  # fmt: skip
    return {"size": 100, "scenario": "gone", "bar": 0.995, "log2": 6.64, "table": 60,
            "profile": "kad-edge",
            "operations": dict.fromkeys(FINDING, record)}  # fmt: skip


def test_every_target_is_judged():
    report = Report(1)
    report.simulated = [simulated(0.995)]
    report.lan = {"cold_3": 1, "probe_mdns": 150, "rss": 39}
    report.quiet = {"edge": {"mdns": (2, 100), "tcp": (1, 1), "ground": (9, 9)},
                    "go": {"mdns": (2, 100), "tcp": (2, 1)}}  # fmt: skip
    assert report.missed() == []
    assert "every target judged is reached" in report.text()
    report.simulated = [simulated(0.99)]
    report.lan["rss"] = 41
    report.quiet["go"]["tcp"] = (1, 1)
    assert len(report.missed()) == 3 + 1 + 1
    assert "MISSED: find_peer, 100 nodes, gone" in report.text()
    assert report.as_dict()["missed"] == report.missed()


def test_columns():
    assert columns([["a", "bb"], ["long", "1"]]) == "a     bb\n--------\nlong   1"
