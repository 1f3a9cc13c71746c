"""The serial ports of machines that are folders: which there are, who holds them, what to do."""

import os
from pathlib import Path

import pytest

from edge.cli import UsageError
from edge.cli.data_dir import DataDir
from edge.cli.machine.ports import Machine, to_address
from edge.cli.machine.serial_checks import _check_overruns, _latency, check_serial
from tests.edge.cli.program import edge, lines

ADAPTER = "usb-FTDI_FT232R_USB_UART_A10K4XYZ-if00-port0"
PEER = "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA"


class Fake:
    """The files of a machine with an FTDI adapter, a UART of its own, and one that is not there."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.usb = self.port("ttyUSB0", "devices/usb1/1-1/1-1:1.0/ttyUSB0", "ftdi_sio")
        self.uart = self.port("ttyAMA0", "devices/platform/serial0/port", "port")
        self.port("ttyS7", "devices/platform/serial8250", "serial8250", kind="0")
        (root / "sys/class/tty/tty1").mkdir()
        adapter = root / "sys/devices/usb1/1-1"
        for name, text in (("idVendor", "0403"), ("idProduct", "6001"), ("serial", "A10K4XYZ"),
                           ("manufacturer", "FTDI"), ("product", "FT232R USB UART")):  # fmt: skip
            self.write(adapter / name, text)
        self.write(adapter / "1-1:1.0/ttyUSB0/latency_timer", "16")
        self.link(root / "sys/devices/platform/serial0/driver", "/drivers/uart-pl011")
        by_id = root / "dev/serial/by-id"
        by_id.mkdir(parents=True)
        (by_id / ADAPTER).symlink_to(self.usb)
        self.write(root / "proc/consoles", "")

    def port(self, name: str, device: str, driver: str, kind: str = "4") -> Path:
        folder = self.root / "sys" / device
        folder.mkdir(parents=True)
        self.link(folder / "driver", f"/drivers/{driver}")
        self.link(self.root / "sys/class/tty" / name / "device", str(folder))
        self.write(self.root / "sys/class/tty" / name / "type", kind)
        self.write(self.root / "dev" / name, "")
        return self.root / "dev" / name

    def program(self, pid: int, name: str, *words: str, opens: Path | None = None) -> None:
        folder = self.root / "proc" / str(pid)
        self.write(folder / "comm", name)
        self.write(folder / "cmdline", "\0".join([*words, ""]))
        (folder / "fd").mkdir()
        if opens:
            (folder / "fd/3").symlink_to(opens)

    @staticmethod
    def write(path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n" if text else "")

    @staticmethod
    def link(path: Path, target: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(target)


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    return Fake(tmp_path / "machine")


def findings(fake: Fake, tmp_path: Path, *ports: str) -> list[tuple[str, str, str]]:
    data = tmp_path / "data"
    data.mkdir(exist_ok=True)
    (data / "config.toml").write_text(f"serial = {[str(port) for port in ports]}\n")
    return list(check_serial(DataDir(str(data)), Machine(str(fake.root))))


def test_what_is_known_of_a_port(fake: Fake) -> None:
    uart, usb = Machine(str(fake.root)).ports()
    assert (usb.path, usb.by_id, usb.driver) == (str(fake.usb), ADAPTER, "ftdi_sio")
    assert (usb.vendor, usb.product, usb.usb) == ("FTDI", "FT232R USB UART", "0403:6001")
    assert (usb.serial_number, usb.latency_ms, usb.held_by) == ("A10K4XYZ", 16, [])
    assert (uart.path, uart.by_id, uart.driver) == (str(fake.uart), "", "uart-pl011")
    assert (uart.usb, uart.latency_ms) == ("", None)


def test_who_holds_a_port(fake: Fake) -> None:
    fake.program(7, "ModemManager", opens=fake.usb)
    fake.program(8, "agetty", "/sbin/agetty", "-o", "ttyAMA0", "vt220")  # of another user: no fd
    fake.program(9, "cat", opens=fake.root / "dev/null")
    fake.write(fake.root / "proc/consoles", "ttyAMA0 -W- (EC p a) 204:64")
    uart, usb = Machine(str(fake.root)).ports()
    assert [str(holder) for holder in usb.held_by] == ["ModemManager (7)"]
    assert [str(holder) for holder in uart.held_by] == ["agetty (8)", "the kernel's console"]
    found = Machine(str(fake.root)).find(str(fake.root / "dev/serial/by-id" / ADAPTER))
    assert found and found.path == str(fake.usb) and found.held_by == usb.held_by
    assert Machine(str(fake.root)).find(str(fake.root / "dev/ttyUSB9")) is None


def test_a_machine_without_ports(tmp_path: Path) -> None:
    assert Machine(str(tmp_path)).ports() == []


def test_the_doctor_on_ports_that_are_held(fake: Fake, tmp_path: Path) -> None:
    fake.program(7, "ModemManager", opens=fake.usb)
    fake.program(8, "agetty", "/sbin/agetty", "ttyAMA0")
    fake.program(9, "brltty")
    held, brltty, latency, getty = findings(fake, tmp_path, fake.usb, fake.uart)
    assert held[0] == "fail" and "ModemManager (7)" in held[1] and "disable" in held[2]
    assert brltty[0] == "warn" and "plugged in" in brltty[1] and "Braille" in brltty[2]
    assert latency[0] == "ok" and "16 ms" in latency[1]
    assert getty[0] == "fail" and "serial-getty@ttyAMA0.service" in getty[2]


def test_the_doctor_on_ports_as_they_should_be(fake: Fake, tmp_path: Path) -> None:
    usb, _, uart = findings(fake, tmp_path, fake.usb, fake.uart)
    assert usb[0] == uart[0] == "ok" and "FTDI FT232R USB UART" in usb[1]
    ((level, text, advice),) = findings(fake, tmp_path, fake.root / "dev/ttyUSB9")
    assert level == "warn" and "not there" in text and "edge serial ls" in advice


def test_the_doctor_on_a_port_that_is_for_others(fake: Fake, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    ((level, text, advice),) = findings(fake, tmp_path, fake.uart)
    assert level == "fail" and "for the group" in text and "sudo usermod -aG" in advice
    (found,) = findings(fake, tmp_path)
    assert found[0] == "warn" and "usermod" in found[2]


def test_the_doctor_where_no_cable_is_wanted(fake: Fake, tmp_path: Path) -> None:
    (found,) = findings(fake, tmp_path)
    assert found[0] == "ok" and str(fake.uart) in found[1]
    empty = Machine(str(tmp_path / "empty"))
    assert list(check_serial(DataDir(str(tmp_path / "x")), empty)) == [
        ("ok", "no serial port here", "")
    ]


def test_the_doctor_on_lost_bytes_and_a_slow_adapter(fake: Fake) -> None:
    assert not list(_check_overruns({"address": "/serial/a", "overruns": None}))
    ((level, text, advice),) = _check_overruns({"address": "/serial/a", "overruns": 3})
    assert level == "warn" and "3 times" in text and "~rtscts" in advice
    port = Machine(str(fake.root)).find(str(fake.usb))
    level, text, advice = _latency(port, True)
    assert level == "warn" and "16 ms" in text and "ttyUSB0/latency_timer" in advice


def test_the_command(tmp_path: Path) -> None:
    """Whatever ports this machine has."""
    for port in lines(edge("serial", "ls", "--json").stdout):
        assert port["event"] == "port" and port["path"].startswith("/dev/") and "held_by" in port
    done = edge("serial")
    assert done.stdout or "no serial port" in done.stderr
    told = lines(edge("doctor", "--json", "--data", str(tmp_path), check=None).stdout)
    (found,) = [event for event in told if event.get("name") == "serial"]
    assert found["level"] in ("ok", "warn")


def test_how_ports_are_named() -> None:
    for given, address in (
        ("/dev/ttyUSB0", "/serial/ttyUSB0"),
        ("ttyUSB0", "/serial/ttyUSB0"),
        (f"/dev/serial/by-id/{ADAPTER}", f"/serial/{ADAPTER}"),
        ("/dev/ttyAMA0~921600~rtscts", "/serial/ttyAMA0~921600~rtscts"),
        ("/dev/pts/3~0", "/serial/%2Fdev%2Fpts%2F3~0"),
        ("/serial/ttyS0~9600-115200", "/serial/ttyS0~9600-115200"),
        (f"ttyUSB0/p2p/{PEER}", f"/serial/ttyUSB0/p2p/{PEER}"),
    ):
        assert to_address(given) == address
    assert to_address("ttyS0", PEER) == f"/serial/ttyS0/p2p/{PEER}"
    for wrong in ("", "~9600", "ttyS0~9600-300", "ttyS0/p2p/nobody", "/serial/", "/dev/",
                  "ttyS0~rtsct", "/dev/ttyS0~fast~9600", "/serial/ttyS0~115k",
                  "/ip4/192.0.2.1/tcp/4001"):  # fmt: skip
        with pytest.raises(UsageError, match="edge serial ls"):
            to_address(wrong)
