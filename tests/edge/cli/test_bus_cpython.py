"""`edge run --serial PORT~115200~bus`: nodes that share one pair of wires, as they are used."""

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.cli import control
from edge.cli.actions import buses
from edge.cli.commands.transports import link as command
from edge.cli.data_dir import DataDir
from edge.wire.multiaddr import Multiaddr
from tests.edge.cli.program import Running, edge, lines
from tests.transports.bus.wire_cpython import Wire
from transports.bus.trunk import BusStatus
from transports.serial.address import Settings

COUNT = 3
WAIT_S = 20


class Nodes:
    """Some that have a port of the same bus; a context manager."""

    def __init__(self, folder: Path, wire: Wire) -> None:
        self.all = [
            Running(folder / f"node{number}", "--serial", f"{port}~115200~bus",
                    "--no-listen", "--no-mdns", "--kad-mode", "server")
            for number, port in enumerate(wire.ports)
        ]  # fmt: skip

    def __enter__(self) -> "Nodes":
        for node in self.all:
            node.ready()
        return self

    def __exit__(self, *error: object) -> None:
        for node in self.all:
            node.__exit__()

    def led(self) -> tuple[Running, list[Running]]:
        """``(master, members)`` as soon as all know all, and who follows whom."""
        found: dict[str, list[Running]] = {}

        def is_led() -> bool:
            found.clear()
            for node in self.all:
                bus = glance(node)[0]
                if len(bus["nodes"]) != len(self.all):
                    return False
                found.setdefault(bus["role"], []).append(node)
            return sorted(found) == ["master", "member"] and len(found["master"]) == 1

        until(is_led, self.said)
        return found["master"][0], found["member"]

    def said(self) -> str:
        return "\n".join([edge("link", "--data", str(node.data)).stdout for node in self.all])


def until(is_so: Callable[[], bool], said: Callable[[], str]) -> None:
    limit = time.monotonic() + WAIT_S
    while not is_so():
        assert time.monotonic() < limit, said()
        time.sleep(0.1)


def glance(node: Running) -> list[dict]:
    """What `edge link` shows, without its look at how much is carried in half a second."""
    found: list[dict] = []
    control.ask(DataDir(node.data).control_path, {"do": "link", "interval_ms": 10}, found.append)
    return found


def bus_of(node: Running) -> tuple[dict, list[dict]]:
    """The bus as a node tells it, and the peers over it."""
    bus, *links, listed = lines(edge("link", "--json", "--data", str(node.data)).stdout)
    assert bus["event"] == "bus" and listed["links"] == len(links)
    assert all(link["medium"] == "bus" for link in links)
    return bus, links


def ping(one: Running, other: Running) -> None:
    assert "pong 1" in edge("ping", other.peer_id, "-c", "1", "--data", str(one.data)).stdout


def check_link(one: Running, other: Running, master: Running) -> None:
    """What ``one`` shows once it is connected to the master."""

    def is_connected() -> bool:
        bus = glance(one)[0]
        return any(node["is_master"] and node["is_connected"] for node in bus["nodes"])

    until(is_connected, lambda: str(glance(one)))
    bus, links = bus_of(one)
    assert master.peer_id in [link["peer_id"] for link in links]
    assert all(link["state"] == "open" and link["rtt_ms"] > 0 for link in links)
    places = {node["peer_id"]: node["bus_address"] for node in bus["nodes"]}
    assert places.keys() == {node.peer_id for node in (one, other, master)}
    assert all(link["bus_address"] == places[link["peer_id"]] for link in links)
    assert places[one.peer_id] == bus["bus_address"] > 0
    assert bus["cycle_ms"] > 0 and bus["baud"] == 115200 and bus["state"] == "open"
    assert min(bus["babblers"], bus["dropped"], bus["damaged"]) >= 0
    shown = edge("link", "--data", str(one.data)).stdout.splitlines()
    assert " at bus address " in shown[0] and "3 nodes" in shown[0]
    states = {row.split()[-1]: row for row in shown[1:]}
    assert " (master) " in states[master.peer_id] and " open " in states[master.peer_id]
    assert other.peer_id in states  # connected or not
    assert "nothing was printed" in edge("log", "--data", str(one.data)).stderr


def test_three_nodes_on_a_bus(tmp_path: Path) -> None:
    with Wire(tmp_path, COUNT) as wire, Nodes(tmp_path, wire) as nodes:
        master, (one, other) = nodes.led()
        check_link(one, other, master)
        ping(one, other)
        address = bus_of(one)[0]["address"]
        asking = ("-c", "1", "--data", str(one.data))
        assert "pong 1" in edge("ping", f"{address}/p2p/{other.peer_id}", *asking).stdout
        assert "pong 1" in edge("ping", other.peer_id[-8:], *asking).stdout
        assert other.peer_id in [link["peer_id"] for link in bus_of(one)[1]]
        edge("put", "sensors/1", "21.5", "--data", str(one.data))
        name = f"/edge/{one.peer_id}/sensors/1"
        assert edge("get", name, "--data", str(other.data)).stdout.strip() == "21.5"

        master, _ = nodes.led()
        master.process.send_signal(signal.SIGKILL)  # a power cut
        master.process.wait()
        nodes.all.remove(master)
        master, (other,) = nodes.led()
        ping(master, other)
        ping(other, master)
        assert (master.stop(), other.stop()) == (0, 0)


class Port:
    """A bus of which others say what they like."""

    address = Multiaddr("/serial/p~115200~bus")
    settings = Settings("p", 115200, 115200, False, True)

    def __init__(self, *names: bytes) -> None:
        nodes = [(number + 1, name) for number, name in enumerate(names)]
        counters = type("", (), dict.fromkeys(("turns", "missed", "dropped", "reigns"), 0))
        self._told = BusStatus(1, True, 1, nodes, 7, 0, "", False, counters)

    def bus_status(self) -> BusStatus:
        return self._told


class Nobody:
    """A node without a connection."""

    class swarm:
        connections = staticmethod(list)


@pytest.mark.parametrize("name", [b"\x1b[2Jroot", b"\0", b"\xe2\x80\xae" * 21, b"x" * 64])
def test_names_that_are_no_peer_ids_do_no_harm(name: bytes) -> None:
    line = {"peer_id": None, "address": "/serial/p"}
    found = buses.describe(Nobody, Port(b"\0\x01x", name), line)
    node = found["nodes"][1]
    assert node["peer_id"] is None and node["name"] == name.hex()
    assert command._node(found, node)[-1] == name.hex()
    assert found["role"] == "master" and found["nodes"][0]["is_here"]
