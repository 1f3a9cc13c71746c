"""Serial ports: how people name them, which there are, who holds them.

What is known of them is in files: sysfs has the driver and the USB adapter, /dev/serial/by-id the
names that stay, /proc who has a port open.  No port is opened: that would reset some boards.
"""

import contextlib
import os
from collections import namedtuple
from collections.abc import Iterator

from edge.cli import UsageError
from transports.serial.address import parse, to_value
from transports.serial.names_posix import BY_ID, DEVICES, aliases

Port = namedtuple(
    "Port",
    (
        "path",  # as it is called today
        "by_id",  # its name that stays; "" if it has none
        "driver",
        "vendor",
        "product",
        "usb",  # vendor:product as lsusb has them; "" if it is none
        "serial_number",
        "latency_ms",  # that an FTDI adapter holds bytes back; None where there is no such timer
        "group",  # may open it
        "is_permitted",  # whether this user may
        "held_by",  # Holders
    ),
)


class Holder(namedtuple("Holder", ("name", "pid"))):
    """A program that has a port; pid 0: the kernel."""

    def __str__(self) -> str:
        return f"{self.name} ({self.pid})" if self.pid else self.name


PORT_FORMS = """\
a port is /dev/ttyUSB0, its name in /dev/serial/by-id (which stays), or /serial/<port>, each with
~<baud>, ~<lowest>-<highest baud> and ~rtscts behind it as needed, or ~<baud>~bus for many nodes on
one pair of wires (RS-485); 'edge serial ls' lists them"""


def to_address(text: str, peer: str = "") -> str:
    """The /serial address of the port that ``text`` names; UsageError if it can be none.

    ``peer``: the id of the only peer that is to be there, unless ``text`` has one.
    """
    from edge.errors import EdgeError
    from edge.wire.multiaddr import Multiaddr

    try:
        port, _, told = str(text).partition("/p2p/")
        tail = f"/p2p/{told or peer}" if told or peer else ""
        address = Multiaddr((port if port.startswith("/serial/") else _of_path(port)) + tail)
        _refuse_typo(parse(address).port)
    except EdgeError as error:
        raise UsageError(f"{error}\n{PORT_FORMS}") from None
    return str(address)


def _refuse_typo(port: str) -> None:
    """LocalError if ``port`` ends in a word that was to say more, or is another kind of address.

    Such a port would be waited for without an end.  Names with a ~ of their own are those of ports
    that are there.
    """
    from edge.errors import LocalError, printable

    places = [os.path.join(folder, port) for folder in (DEVICES, BY_ID)]
    if any(os.path.exists(place) for place in places):
        return
    name, mark, word = os.path.basename(port).rpartition("~")
    if mark:
        raise LocalError(f"expected rates, rtscts or bus behind {printable(name)}, "
                         f"not ~{printable(word)}")  # fmt: skip
    if port.split("/")[1:2] in (["ip4"], ["ip6"], ["dns"], ["dns4"], ["dns6"], ["dnsaddr"]):
        raise LocalError(f"expected a serial port, not {printable(port)}")


def _of_path(port: str) -> str:
    """By its name where it has one: that is found again when it has another path."""
    folder, name = os.path.split(port)
    if folder in ("", DEVICES, BY_ID):
        return "/serial/" + to_value(name)
    return "/serial/" + to_value(os.path.abspath(port))


class Machine:
    """The ports of this machine; another one's files in tests."""

    def __init__(self, root: str = "/") -> None:
        self._devices = os.path.join(root, DEVICES[1:])
        self._by_id = os.path.join(root, BY_ID[1:])
        self._classes = os.path.join(root, "sys/class/tty")
        self._processes = os.path.join(root, "proc")

    def ports(self) -> list[Port]:
        """Those that a chip or an adapter is behind, and all that have a name in by-id."""
        paths = {os.path.join(self._devices, name) for name in _names_in(self._classes)
                 if self._is_real(name)}  # fmt: skip
        paths |= {os.path.join(self._devices, name) for name in _names_in(self._devices)
                  if name.startswith("cu.")}  # fmt: skip  # macOS
        names = {path: name for name, path in aliases(self._by_id)}
        paths |= set(names)
        holders = self._holders(paths)
        return [self.port(path, names.get(path, ""), holders.get(path, []))
                for path in sorted(paths) if os.path.exists(path)]  # fmt: skip

    def find(self, path: str) -> Port | None:
        """The port at ``path``, whatever it is; None if nothing is there."""
        real = os.path.realpath(path)
        if not os.path.exists(real):
            return None
        names = {at: name for name, at in aliases(self._by_id)}
        return self.port(real, names.get(real, ""), self._holders({real}).get(real, []))

    def port(self, path: str, by_id: str, held_by: list[Holder]) -> Port:
        name = os.path.basename(path)
        device = os.path.join(self._classes, name, "device")
        usb = _usb_above(device)
        ids = [_text(usb, word) for word in ("idVendor", "idProduct")] if usb else []
        latency = _text(device, "latency_timer")
        return Port(
            path,
            by_id,
            _driver_above(device),
            _text(usb, "manufacturer") if usb else "",
            _text(usb, "product") if usb else "",
            ":".join(ids),
            _text(usb, "serial") if usb else "",
            int(latency) if latency.isdigit() else None,
            _group_of(path),
            os.access(path, os.R_OK | os.W_OK),
            held_by,
        )

    def programs(self) -> Iterator[tuple[int, str, list[str]]]:
        """``(pid, name, words of its command line)`` of all that run."""
        for pid in _names_in(self._processes):
            if pid.isdigit():
                folder = os.path.join(self._processes, pid)
                words = _read(os.path.join(folder, "cmdline")).split("\0")
                yield int(pid), _text(folder, "comm"), words

    def _is_real(self, name: str) -> bool:
        """The kernel also has names for chips that are not there."""
        folder = os.path.join(self._classes, name)
        return os.path.exists(os.path.join(folder, "device")) and _text(folder, "type") != "0"

    def _holders(self, paths: set[str]) -> dict[str, list[Holder]]:
        """Who has each port open, as far as we may see it; a getty also by its command line."""
        found: dict[str, list[Holder]] = {}
        for pid, name, words in self.programs():
            held = {path for path in self._opened(pid) if path in paths}
            if name in ("agetty", "getty", "mgetty"):
                held |= {path for path in paths if os.path.basename(path) in words}
            for path in held:
                found.setdefault(path, []).append(Holder(name, pid))
        for line in _read(os.path.join(self._processes, "consoles")).splitlines():
            path = os.path.join(self._devices, line.split(" ")[0])
            if path in paths:
                found.setdefault(path, []).append(Holder("the kernel's console", 0))
        return found

    def _opened(self, pid: int) -> Iterator[str]:
        folder = os.path.join(self._processes, str(pid), "fd")
        for name in _names_in(folder):
            with contextlib.suppress(OSError):
                yield os.readlink(os.path.join(folder, name))


def _usb_above(device: str) -> str:
    """The folder of the USB device that a port belongs to; empty if it is none."""
    folder = os.path.realpath(device)
    while len(folder) > 1:
        if os.path.exists(os.path.join(folder, "idVendor")):
            return folder
        folder = os.path.dirname(folder)
    return ""


def _driver_above(device: str) -> str:
    """The driver of the chip: Linux has one of its own between some of them and their ports."""
    folder = os.path.realpath(device)
    while len(folder) > 1:
        name = _target(os.path.join(folder, "driver"))
        if name not in ("", "port", "ctrl"):
            return name
        folder = os.path.dirname(folder)
    return ""


def _group_of(path: str) -> str:
    import grp

    try:
        number = os.stat(path).st_gid
        return grp.getgrgid(number).gr_name
    except (OSError, KeyError):
        return "dialout"


def _target(link: str) -> str:
    try:
        return os.path.basename(os.readlink(link))
    except OSError:
        return ""


def _text(folder: str, name: str) -> str:
    return _read(os.path.join(folder, name)).strip()


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(4096)
    except OSError:
        return ""


def _names_in(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []
