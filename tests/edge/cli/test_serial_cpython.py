"""`edge run --serial`: two nodes at the ends of a cable, which find each other by it alone."""

import signal
import time
from pathlib import Path

import pytest

from tests.edge.cli.program import Running, edge, lines
from tests.transports.serial.wire_cpython import Side, Wire

CABLE_ONLY = ("--no-listen", "--no-mdns")


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
                time.sleep(2)
                stranger.stop()
            with at(wire.b, tmp_path / "friend") as other:
                assert other.ready()["peer_id"] == friend
                assert one.event("connected")["peer_id"] == friend
        assert "connected" not in [event["event"] for event in stranger.told]


def test_a_port_that_is_not_there_is_waited_for(tmp_path: Path) -> None:
    with Wire(tmp_path) as wire:
        wire.unplug(wire.a)
        with at(wire.a, tmp_path / "one") as one, at(wire.b, tmp_path / "other") as other:
            one.ready()
            other.ready()
            wire.plug(wire.a)
            assert one.event("connected")["peer_id"] == other.peer_id
        assert any("not there" in line and "edge serial ls" in line for line in one.noted)


def test_in_the_configuration(tmp_path: Path) -> None:
    data = tmp_path / "d"
    data.mkdir()
    (data / "config.toml").write_text('serial = ["/dev/ttyUSB0", "usb-X-if00~9600~rtscts"]\n')
    (shown,) = lines(edge("config", "--json", "--data", str(data)).stdout)
    assert shown["serial"] == ["/serial/ttyUSB0", "/serial/usb-X-if00~9600~rtscts"]
    assert "serial ports whose other end" in edge("config", "--data", str(data)).stdout


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
