"""`edge run --serial`: two nodes at the ends of a cable, which find each other by it alone."""

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from edge.cli.machine.ports import to_address
from tests.edge.cli.program import Running, command, edge, environment, lines
from tests.transports.serial.wire_cpython import Side, Wire

CABLE_ONLY = ("--no-listen", "--no-mdns")


LOOPBACK = ("--listen", "/ip4/127.0.0.1/tcp/0", "--no-mdns")


@contextmanager
def sensor_and_gateway(folder: Path) -> Iterator[tuple[Wire, Running, Running]]:
    """``(wire, sensor, gateway)``: connected; the gateway also listens on TCP, at end a."""
    gateway_options = (*LOOPBACK, "--perf")
    with (
        Wire(folder) as wire,
        Running(folder / "g", "--serial", port(wire.a), *gateway_options) as gateway,
        at(wire.b, folder / "s") as sensor,
    ):
        gateway.ready()
        sensor.ready()
        gateway.event("connected")
        sensor.event("connected")
        time.sleep(0.5)  # to say who they are and what they speak
        yield wire, sensor, gateway
        assert (sensor.stop(), gateway.stop()) == (0, 0)


def port(side: Side) -> str:
    return str(side.link)


def at(side: Side, data: Path, *arguments: str, **more: str) -> Running:
    """A node that has nothing but one end of a cable."""
    return Running(data, "--serial", port(side), *CABLE_ONLY, *arguments, **more)


def test_two_nodes_find_each_other_by_a_cable(tmp_path: Path) -> None:
    """Whichever is first; as the peer the far one proves to be, whom nobody had named."""
    with Wire(tmp_path) as wire, at(wire.a, tmp_path / "one") as one:
        (address,) = one.ready()["addresses"]
        assert address.startswith("/serial/")
        time.sleep(0.5)
        with at(wire.b, tmp_path / "other") as other:
            other.ready()
            seen, met = one.event("connected"), other.event("connected")
            assert (seen["peer_id"], met["peer_id"]) == (other.peer_id, one.peer_id)
            assert seen["found_by"] == met["found_by"] == "cable"
            assert {seen["direction"], met["direction"]} == {"inbound", "outbound"}
            assert other.stop() == 0
        assert one.event("disconnected")["peer_id"] == other.peer_id
        assert one.stop() == 0
        assert not [line for line in one.noted if "warning" in line], one.noted


def test_a_pulled_cable_and_a_far_end_that_starts_again(tmp_path: Path) -> None:
    with Wire(tmp_path) as wire, at(wire.a, tmp_path / "one") as one:
        one.ready()
        with at(wire.b, tmp_path / "other") as other:
            other.ready()
            other.event("connected")
            one.event("connected")
            wire.unplug(wire.a)
            time.sleep(0.5)
            wire.plug(wire.a)
            ask = ("ping", one.peer_id, "-c", "1", "--data", str(other.data))
            assert "pong 1" in edge(*ask).stdout
            other.process.send_signal(signal.SIGKILL)  # no goodbye: a power cut
            other.process.wait()
        with at(wire.b, tmp_path / "other") as other:
            other.ready()
            assert other.event("connected")["peer_id"] == one.peer_id
            assert one.event("disconnected")["peer_id"] == other.peer_id
            assert one.event("connected")["peer_id"] == other.peer_id
        assert not [line for line in one.noted if "warning" in line], one.noted


def test_a_pinned_peer_is_the_only_one(tmp_path: Path) -> None:
    with Wire(tmp_path) as wire:
        edge("key", "new", "--data", str(tmp_path / "friend"))
        shown = edge("id", "--json", "--data", str(tmp_path / "friend")).stdout
        friend = lines(shown)[0]["peer_id"]
        with at(wire.a, tmp_path / "one", "--serial-peer", friend) as one:
            one.ready()
            with at(wire.b, tmp_path / "stranger") as stranger:
                stranger.ready()
                warned_of(one, stranger.peer_id)
                stranger.stop()
            with at(wire.b, tmp_path / "friend") as other:
                assert other.ready()["peer_id"] == friend
                assert one.event("connected")["peer_id"] == friend
        assert "connected" not in [event["event"] for event in stranger.told]


def warned_of(node: Running, word: str) -> None:
    """Wait until the user was told."""
    limit = time.monotonic() + 20
    while not any(word in line for line in node.noted):
        assert time.monotonic() < limit, node.said()
        time.sleep(0.05)


def test_a_port_that_is_not_there_is_waited_for(tmp_path: Path) -> None:
    with Wire(tmp_path) as wire:
        wire.unplug(wire.a)
        with at(wire.a, tmp_path / "one") as one, at(wire.b, tmp_path / "other") as other:
            one.ready()
            other.ready()
            wire.plug(wire.a)
            assert one.event("connected")["peer_id"] == other.peer_id
        assert any("not there" in line and "edge serial ls" in line for line in one.noted)


def test_a_port_that_another_has_is_not_said_to_be_absent(tmp_path: Path) -> None:
    with Wire(tmp_path) as wire, at(wire.a, tmp_path / "one") as one:
        one.ready()
        with at(wire.a, tmp_path / "other") as other:
            other.ready()
            warned_of(other, "in use by another program")
        assert not any("not there" in line for line in other.noted)


def test_in_the_configuration(tmp_path: Path) -> None:
    data = tmp_path / "d"
    data.mkdir()
    (data / "config.toml").write_text('serial = ["/dev/ttyUSB0", "usb-X-if00~9600~rtscts"]\n')
    (shown,) = lines(edge("config", "--json", "--data", str(data)).stdout)
    assert shown["serial"] == ["/serial/ttyUSB0", "/serial/usb-X-if00~9600~rtscts"]
    assert "serial ports whose other end" in edge("config", "--data", str(data)).stdout


def test_a_sensor_on_a_cable_is_read_from_its_other_end(tmp_path: Path) -> None:
    """Records, keys and peers, either way; the sensor has nothing but the cable."""
    with sensor_and_gateway(tmp_path) as (_, sensor, gateway):
        here, there = ("--data", str(sensor.data)), ("--data", str(gateway.data))
        edge("put", "sensors/1", "21.5", *here)
        edge("provide", "temperature", *here)
        name = f"/edge/{sensor.peer_id}/sensors/1"
        assert edge("get", name, *there).stdout.strip() == "21.5"
        assert sensor.peer_id in edge("providers", "temperature", *there).stdout
        assert "/serial/" in edge("find", sensor.peer_id, *there).stdout
        edge("put", "limits/1", "30", *there)
        edge("provide", "limits", *there)
        assert edge("get", f"/edge/{gateway.peer_id}/limits/1", *here).stdout.strip() == "30"
        assert gateway.peer_id in edge("providers", "limits", *here).stdout
        assert "/serial/" in edge("find", gateway.peer_id, *here).stdout
        assert (
            edge("ping", gateway.peer_id, "-c", "2", "-i", "0.1", *here).stdout.count("pong") == 2
        )
        assert (
            "upload"
            in edge("perf", gateway.peer_id, "--upload", "5k", "--download", "0", *here).stdout
        )


def test_commands_without_a_node_have_the_cable(tmp_path: Path) -> None:
    """By its address, or as the configuration names it."""
    with Wire(tmp_path) as wire, at(wire.b, tmp_path / "s") as sensor:
        sensor.ready()
        edge("put", "sensors/1", "21.5", "--data", str(sensor.data))
        data = tmp_path / "guest"
        address = to_address(port(wire.a))
        assert "pong 1" in edge("ping", address, "-c", "1", "--data", str(data)).stdout
        (data / "config.toml").write_text(f'serial = ["{port(wire.a)}"]\nlisten = []\nmdns = false')
        asking = ("-c", "1", "--data", str(data))
        silent = edge("ping", to_address(str(tmp_path / "x")), *asking, check=1).stderr
        assert "nobody answers" in silent and "TX" in silent
        assert "pong 1" in edge("ping", sensor.peer_id[-6:], *asking).stdout
        assert sensor.stop() == 0


def test_a_trace_has_what_the_cable_carries(tmp_path: Path) -> None:
    trace = tmp_path / "cable.pcap"
    with Wire(tmp_path) as wire, at(wire.a, tmp_path / "one", "--trace", str(trace)) as one:
        one.ready()
        with at(wire.b, tmp_path / "other") as other:
            other.ready()
            one.event("connected")
            other.event("connected")
            assert len(links("--data", str(one.data))) == 1
            other.stop()
        one.event("disconnected")
    assert b"/noise" in trace.read_bytes()


def test_what_is_on_the_lan_hears_of_the_sensor_and_not_of_the_port(tmp_path: Path) -> None:
    with sensor_and_gateway(tmp_path) as (_, sensor, gateway):
        here, there = ("--data", str(sensor.data)), gateway.told[0]["addresses"]
        (address,) = [text for text in there if "/tcp/" in text]
        edge("put", "sensors/1", "21.5", *here)
        edge("provide", "temperature", *here)
        with Running(tmp_path / "far", *LOOPBACK, "--peer", address) as far:
            far.ready()
            far.event("connected")
            asking = ("--data", str(far.data))
            name = f"/edge/{sensor.peer_id}/sensors/1"
            assert edge("get", name, *asking).stdout.strip() == "21.5"
            said = [
                edge("providers", "temperature", "--json", *asking).stdout,
                edge("find", sensor.peer_id, "--json", "-t", "3", *asking, check=None).stdout,
                edge("find", "temperature", "--json", *asking).stdout,
                edge("dial", gateway.peer_id, "--json", *asking).stdout,
                edge("peers", "--json", *asking).stdout,
                edge("routing", "--peers", "--json", *asking).stdout,
            ]
            assert sensor.peer_id in said[0] and gateway.peer_id in said[3]
            assert "serial" not in "".join(said), said
            assert far.stop() == 0
        assert "serial" not in str(far.told)


def test_the_link_as_its_user_sees_it(tmp_path: Path) -> None:
    with sensor_and_gateway(tmp_path) as (wire, sensor, gateway):
        asking = ("--data", str(gateway.data))
        (link,) = links(*asking)
        assert link["medium"] == "serial" and link["peer_id"] == sensor.peer_id
        assert link["state"] == "open" and link["baud"] == 115200 and link["frame_bytes"] > 0
        assert link["rtt_ms"] > 0 and link["replugs"] == 0 and link["overruns"] is None
        before = link["delivered"]
        edge(
            "perf", gateway.peer_id, "--upload", "5k", "--download", "0", "--data", str(sensor.data)
        )
        (link,) = links(*asking)
        assert link["delivered"] - before > 5000 and link["received"] > link["delivered"]
        assert rounds(2, "link", "-m", "--json", *asking)[0]["rtt_ms"] > 0
        wire.unplug(wire.a)
        time.sleep(0.3)
        assert links(*asking)[0]["state"] == "unplugged"
        wire.plug(wire.a)
        time.sleep(0.5)
        assert links(*asking)[0]["replugs"] == 1
        assert "/serial/" not in edge("id", *asking).stdout
        with Running(tmp_path / "far", *LOOPBACK, "--peer", gateway.told[0]["addresses"][0]) as far:
            far.ready()
            far.event("connected")
            assert {link["medium"] for link in links(*asking)} == {"serial", "tcp"}
            shown = edge("link", *asking).stdout
            assert sensor.peer_id in shown and far.peer_id in shown and " damaged" in shown
            far.stop()


def rounds(count: int, *arguments: str) -> list[dict]:
    """What a command that goes on says until it has listed everything so many times."""
    line = command(*arguments)
    said: list[dict] = []
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, env=environment()) as process:
        assert process.stdout
        while [event["event"] for event in said].count("listed") < count:
            said.append(json.loads(process.stdout.readline()))
        process.kill()
    return said


def links(*asking: str) -> list[dict]:
    found = lines(edge("link", "--json", *asking).stdout)
    assert found[-1]["event"] == "listed" and found[-1]["links"] == len(found) - 1
    return found[:-1]


def test_what_the_far_board_prints_is_shown_and_does_no_harm(tmp_path: Path) -> None:
    with sensor_and_gateway(tmp_path) as (wire, _, gateway):
        asking = ("--data", str(gateway.data))
        assert "nothing was printed" in edge("log", *asking).stderr
        line = command("log", "-f", *asking)
        with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, env=environment()) as follow:
            wire.inject(
                wire.a, b"\0\x1b[31mrst:0x1\x1b[0m\r\nno \x1b]0;title\x08 \xc2\x9b harm\r\n\0"
            )
            assert follow.stdout.readline() == "rst:0x1\n"
            assert follow.stdout.readline() == "no ?]0;title? ? harm\n"
            follow.kill()
        (first, _) = lines(edge("log", Path(port(wire.a)).name, "--json", *asking).stdout)
        assert first["text"] == "rst:0x1" and first["address"].startswith("/serial/")
        address = to_address(port(wire.a))
        assert "pong 1" in edge("ping", address, "-c", "1", *asking).stdout
        pinned = f"{address}/p2p/{gateway.peer_id}"
        assert "is at the other end" in edge("ping", pinned, *asking, check=1).stderr
        unknown = edge("ping", "/serial/ttyNO", *asking, check=1).stderr
        assert "no cable at ttyNO" in unknown and "--serial" in unknown
        assert "it has /serial/" in edge("log", "ttyNO", *asking, check=1).stderr
    with Running(tmp_path / "none", *LOOPBACK) as none:
        none.ready()
        assert "--serial PORT" in edge("log", "--data", str(none.data), check=1).stderr
        assert "no links" in edge("link", "--data", str(none.data)).stderr
    assert "edge run" in edge("link", "--data", str(tmp_path / "none"), check=1).stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--serial", ""), "expected a port"),
        (("--serial", "/dev/ttyUSB0~9600-300"), "rates in rising order"),
        (("--serial", "/serial/ttyUSB0/p2p/nobody"), "edge serial ls"),
        (("--serial-peer", "12D3KooW"), "belongs to a --serial"),
        (("--serial", "a", "--serial", "b", "--serial-peer", "x"), "--serial PORT/p2p/ID"),
    ],
)
def test_what_is_no_port_is_told_with_what_would_be(tmp_path: Path, arguments, said: str) -> None:
    assert said in edge("run", *arguments, "--data", str(tmp_path), check=2).stderr
