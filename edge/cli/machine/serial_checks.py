"""What `edge doctor` looks at of serial ports: those of the configuration, or all there are."""

import os
from collections.abc import Iterator

from edge.cli import UsageError, control, settings
from edge.cli.data_dir import DataDir
from edge.cli.machine.ports import Holder, Machine, Port
from edge.errors import EdgeError
from transports.serial import address as addresses
from transports.serial.names_posix import Name

Finding = tuple[str, str, str]

_GETTY = "sudo systemctl disable --now serial-getty@{0}.service"
_CURES = {  # program -> what makes it let go of the port {0}
    "agetty": _GETTY,
    "getty": _GETTY,
    "mgetty": "take the line of {0} out of /etc/inittab",
    "ModemManager": "sudo systemctl disable --now ModemManager, if this machine has no modem",
    "brltty": "sudo apt remove brltty, if nobody here reads Braille: it takes some adapters",
    "the kernel's console": "take console={0},... out of /boot/firmware/cmdline.txt, or of the "
    "kernel's command line elsewhere, and restart",
}
_PROWLERS = ("ModemManager", "brltty")  # open ports that appear, to see what is there
_LATENCY_GOOD_MS = 1


def check_serial(data: DataDir, machine: Machine | None = None) -> Iterator[Finding]:
    machine = machine or Machine()
    try:
        configured = settings.load(data, None, {}).serial
    except UsageError:
        return  # which the configuration's own check tells
    node = _Running(data)
    if not configured and not node.cables:
        yield from _check_any(machine)
        return
    known = [addresses.parse(address).port for address in configured]
    for cable in node.cables:  # also those of its command line
        port = addresses.parse(_multiaddr(cable["address"])).port
        known += [port] if port not in known else []
    for name in known:
        yield from _check_port(machine, name, node)
    for cable in node.cables:
        yield from _check_overruns(cable)


class _Running:
    """The node that runs on a data directory, if there is one."""

    def __init__(self, data: DataDir) -> None:
        self.pid = 0
        self.cables: list[dict] = []
        found: list[dict] = []
        try:
            if control.ask(data.control_path, {"do": "status"}, found.append):
                self.pid = found[0]["pid"]
                control.ask(data.control_path, {"do": "link", "interval_ms": 10}, found.append)
        except EdgeError:
            pass  # another check tells
        self.cables = [event for event in found if event.get("medium") == "serial"]


def _check_any(machine: Machine) -> Iterator[Finding]:
    """Nothing is said of ports: whether there are any one could use."""
    ports = machine.ports()
    denied = [port for port in ports if not port.is_permitted]
    if denied:
        text = f"{denied[0].path} is for the group {denied[0].group}, which you are not in"
        yield "warn", text, _join(denied[0].group) + "; nothing, if you want no cable"
    elif ports:
        names = ", ".join([port.path for port in ports])
        yield "ok", f"{names}: 'edge run --serial PORT' for a cable there", ""
    else:
        yield "ok", "no serial port here", ""


def _check_port(machine: Machine, name: str, node: _Running) -> Iterator[Finding]:
    path = Name(name).path()
    port = machine.find(path)
    if port is None:
        advice = "plug it in: the node waits for it; 'edge serial ls' lists the ports there are"
        yield "warn", f"{path} is not there", advice
        return
    if not port.is_permitted:
        text = f"{port.path} is for the group {port.group}, which you are not in"
        yield "fail", text, _join(port.group)
    others = [holder for holder in port.held_by if holder.pid != node.pid or not holder.pid]
    for holder in others:
        yield _held(port, holder)
    yield from _check_prowlers(machine, port, others)
    if port.is_permitted and not others:
        yield "ok", f"{port.path}{_told(port)}", ""
    if port.latency_ms is not None:
        yield _latency(port, bool(node.pid))
    elif not port.by_id and port.usb:
        text = f"{port.path} may have another name tomorrow: it has none that stays"
        yield "warn", text, "install udev, or have one such adapter only"


def _held(port: Port, holder: Holder) -> Finding:
    cure = _CURES.get(holder.name, "end that program; only one can have a port")
    text = f"{port.path} is held by {holder}"
    return "fail", text, cure.format(os.path.basename(port.path))


def _check_prowlers(machine: Machine, port: Port, known: list[Holder]) -> Iterator[Finding]:
    if not port.usb:
        return  # they look at what is plugged in
    for pid, name, _ in machine.programs():
        if name in _PROWLERS and name not in [holder.name for holder in known]:
            text = f"{name} ({pid}) may open {port.path} for a while each time it is plugged in"
            yield "warn", text, _CURES[name]


def _latency(port: Port, is_running: bool) -> Finding:
    """An FTDI adapter holds bytes back for 16 ms, unless it is asked not to: 62 round trips a
    second at most."""
    text = f"{port.path} holds bytes back for {port.latency_ms} ms at most"
    if (port.latency_ms or 0) <= _LATENCY_GOOD_MS:
        return "ok", text, ""
    if not is_running:
        return "ok", text + "; a running node makes that 1", ""
    name = os.path.basename(port.path)
    place = f"/sys/bus/usb-serial/devices/{name}/latency_timer"
    return "warn", text, f"echo 1 | sudo tee {place}"


def _check_overruns(cable: dict) -> Iterator[Finding]:
    if cable.get("overruns"):
        text = f"{cable['address']}: the kernel had no room {cable['overruns']} times"
        advice = "wire RTS and CTS and add ~rtscts to the port, or a lower rate"
        yield "warn", text + ", what was lost was sent again", advice


def _told(port: Port) -> str:
    what = " ".join([word for word in (port.vendor, port.product) if word])
    return " (" + ", ".join([word for word in (what, port.driver) if word]) + ")" if what else ""


def _join(group: str) -> str:
    return f"sudo usermod -aG {group} $USER, then log in again"


def _multiaddr(text: str):
    from edge.wire.multiaddr import Multiaddr

    return Multiaddr(text)
