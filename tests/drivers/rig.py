"""The host's half: the guest, what is plugged into it, and the lines to its ports."""

import asyncio
import contextlib
import fcntl
import os
import signal
import subprocess
import tempfile
import termios
import time
from pathlib import Path

from tests.guests import cpio, image, machine
from tests.transports.serial.wire_cpython import Faults, WireProcess
from tools import ROOT

USB = ("common/usb-common", "core/usbcore", "host/xhci-hcd", "host/xhci-pci", "serial/usbserial",
       "serial/ftdi_sio")  # fmt: skip
GUEST = image.Recipe(
    "drivers-guest-1", "linux-image-amd64", tuple("drivers/usb/" + name for name in USB),
    ("python3-cryptography", "udev"), fetched_mb=130,
)  # fmt: skip
MEMORY_MB = 384
CODE = ("edge/**/*.py", "transports/**/*.py", "tests/__init__.py", "tests/guests/*.py",
        "tests/drivers/*.py")  # fmt: skip
MODULES = " ".join(Path(name).name for name in USB)
RULES = ("50-udev-default.rules", "60-serial.rules")
INIT = f"""#!/bin/busybox sh
busybox mount -t proc proc /proc
busybox mount -t sysfs sysfs /sys
busybox mount -t devtmpfs dev /dev
busybox mount -t tmpfs tmpfs /tmp
for module in {MODULES}; do busybox insmod /modules/$module.ko; done
cd /usr/lib/udev/rules.d
for rule in *; do case $rule in {"|".join(RULES)}) ;; *) busybox rm $rule ;; esac; done
/usr/lib/systemd/systemd-udevd --daemon
udevadm trigger --action=add --settle /dev/ttyS1
cd /
export PYTHONPATH=/code:/usr/lib/python3/dist-packages PYTHONDONTWRITEBYTECODE=1
export CRYPTOGRAPHY_OPENSSL_NO_LEGACY=1
exec python3 -S -m tests.drivers.agent </dev/null >/dev/ttyS0 2>&1
"""


PULLED_S = 10
PATIENCE_MS = 60000  # of both ends with a peer that is silent: its processor is emulated
BIT_ERROR_RATE = 1e-5  # of the line of the UART
ALL_LINES = termios.TIOCM_CTS | termios.TIOCM_DSR | termios.TIOCM_CD  # that come in


class Modem:
    """The modem lines of a port of the guest, at the end of ``wire``."""

    def __init__(self, wire: WireProcess, folder: Path) -> None:
        self._incoming = folder / wire.b.link.resolve().name
        self._outgoing = Path(str(self._incoming) + ".out")
        self.clear_to_send(True)

    def clear_to_send(self, is_clear: bool) -> None:
        lines = ALL_LINES if is_clear else ALL_LINES & ~termios.TIOCM_CTS
        new = Path(str(self._incoming) + ".new")
        new.write_text(str(lines))
        new.rename(self._incoming)

    def said(self) -> list[tuple[bool, bool]]:
        """(DTR, RTS) each time the guest's driver set them to something else."""
        if not self._outgoing.exists():
            return []
        numbers = [int(line) for line in self._outgoing.read_text().splitlines()]
        states = [(bool(n & termios.TIOCM_DTR), bool(n & termios.TIOCM_RTS)) for n in numbers]
        return [state for i, state in enumerate(states) if not i or state != states[i - 1]]


class Rig:
    """A guest with a 16550, ttyS1, and a USB port for adapters."""

    def __init__(self) -> None:
        self._open = contextlib.ExitStack()
        folder = tempfile.TemporaryDirectory(prefix="edge-drivers-")
        place = Path(self._open.enter_context(folder))
        for name in ("uart", "usb", "modem"):
            (place / name).mkdir()
        self.uart = WireProcess(place / "uart", Faults(bit_error_rate=BIT_ERROR_RATE))
        self.usb = WireProcess(place / "usb")
        self._place = place
        self._unwired: set[str] = set()  # adapters that nothing is connected to

    def start(self) -> None:
        guest = image.find(GUEST)
        self._open.enter_context(self.uart)
        self._open.enter_context(self.usb)
        folder = self._place / "modem"
        self.uart_modem, self.usb_modem = Modem(self.uart, folder), Modem(self.usb, folder)
        options = [
            "-m", f"{MEMORY_MB}M", "-kernel", str(guest / "vmlinuz"),
            "-initrd", str(self._initrd(guest)), "-append", machine.APPEND,
            "-chardev", f"serial,id=uart,path={self.uart.b.link}", "-serial", "chardev:uart",
            "-chardev", f"serial,id=adapter,path={self.usb.b.link}", "-chardev", "null,id=other",
            "-device", "qemu-xhci,id=usb",
        ]  # fmt: skip
        environment = os.environ | {"LD_PRELOAD": str(self._modem()), "MODEM": str(folder)}
        self.machine = machine.Running(options, environment=environment)
        self._open.enter_context(self.machine)
        self.machine.connect()
        self.machine.wait_ready()

    def close(self) -> None:
        self._open.close()

    def is_alive(self) -> bool:
        """QEMU 7.2 itself crashes now and then when a USB device goes."""
        return self.machine.process.poll() is None

    def restart(self) -> None:
        self.close()
        self.__init__()  # type: ignore[misc]
        self.start()

    def _initrd(self, guest: Path) -> Path:
        files = {"code/" + path.relative_to(ROOT).as_posix(): path.read_bytes()
                 for pattern in CODE for path in ROOT.glob(pattern)}  # fmt: skip
        files |= {"modules/" + path.name: path.read_bytes() for path in guest.glob("*.ko")}
        files["init"] = INIT.encode()
        files["etc/passwd"] = b"root:x:0:0::/:\nnobody:x:65534:65534::/:\n"
        files["etc/group"] = b"root:x:0:\ntty:x:5:\ndialout:x:20:\n"
        initrd = self._place / "initrd"
        initrd.write_bytes((guest / "root.cpio").read_bytes() + cpio.pack_files(files))
        return initrd

    def _modem(self) -> Path:
        built, source = self._place / "modem.so", Path(__file__).with_name("modem.c")
        subprocess.run(["gcc", "-shared", "-fPIC", "-o", built, source, "-ldl"], check=True)
        return built

    async def plug(self, number: str, line: str = "adapter") -> None:
        """An adapter of this serial number appears, at the end of ``line``."""
        device = {"driver": "usb-serial", "id": "usb-" + number, "bus": "usb.0", "serial": number,
                  "chardev": line, "always-plugged": True}  # fmt: skip
        ends = time.monotonic() + PULLED_S
        if line == "adapter":
            self._forget()
        else:
            self._unwired.add(number)
        while True:
            try:
                return self.machine.ask("device_add", **device)
            except machine.MachineError:  # QEMU is not done with the one that was pulled
                if time.monotonic() > ends:
                    raise
            await asyncio.sleep(0.05)

    async def pull(self, number: str) -> None:
        """The line is silent at that moment: QEMU 7.2 crashes if a byte arrives in the middle."""
        os.kill(self.usb.pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(0.03)
            if number not in self._unwired:
                await self._until(lambda: not self._unread())
            self.machine.ask("stop")
            self.machine.ask("device_del", id="usb-" + number)
            await self._until(lambda: "usb-" + number not in self._devices())
            await asyncio.sleep(0.05)
            self.machine.ask("cont")
        finally:
            os.kill(self.usb.pid, signal.SIGCONT)

    async def _until(self, condition) -> None:
        ends = time.monotonic() + PULLED_S
        while not condition():
            assert time.monotonic() < ends
            await asyncio.sleep(0.005)

    def _unread(self) -> bytes:
        """How much the adapter has not taken off the line."""
        with self.usb.b.link.open("rb", buffering=0) as port:
            return fcntl.ioctl(port, termios.FIONREAD, bytes(4)).strip(b"\0")

    def _forget(self) -> None:
        """What was sent while no adapter was there."""
        with self.usb.b.link.open("rb", buffering=0) as port:
            termios.tcflush(port, termios.TCIFLUSH)

    def _devices(self) -> list[str]:
        listed = self.machine.ask("qom-list", path="/machine/peripheral")
        return [device["name"] for device in listed]

    async def order(self, call: str, **arguments):
        """Have the guest do one of its jobs."""
        return await asyncio.to_thread(self._order, call, arguments)

    def _order(self, call: str, arguments: dict):
        self.machine.send_order({"call": call, "with": arguments})
        told = self.machine.read_told()
        if told is None or "error" in told:
            raise machine.MachineError(f"{call}: {told}; {self.machine.last_words()}")
        return told["returned"]
