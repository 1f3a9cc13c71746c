"""QEMU: one process, its monitor, and lines to and from the program in the guest."""

import json
import socket
import subprocess
import tempfile
import time
from pathlib import Path

QEMU = "qemu-system-x86_64"
# QEMU 7.2 sometimes gets cmpxchg16b wrong, which Linux's allocator uses where there is one: half of
# all guests would not get through their start.
PROCESSOR = "max,-cx16"
BOOT_TIMEOUT_S = 120  # TCG on a busy machine
ANSWER_TIMEOUT_S = 30
LINE_TIMEOUT_S = 60
APPEND = "console=ttyS0 quiet panic=-1 rdinit=/init mitigations=off"


class MachineError(Exception):
    """The guest or QEMU does not do its part; the text ends with the guest's last words."""


class Running:
    """One QEMU process; a context manager."""

    def __init__(self, options: list[str], machine: str = "pc", environment=None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="edge-guest-")
        self.place = Path(self._folder.name)
        command = [
            QEMU, "-accel", "tcg", "-M", machine, "-cpu", PROCESSOR, "-smp", "1", "-nodefaults",
            "-no-user-config", "-display", "none", "-no-reboot",
            "-serial", f"file:{self.place}/console",
            "-qmp", f"unix:{self.place}/qmp,server=on,wait=off",
            "-chardev", f"socket,id=link,path={self.place}/link,server=on,wait=off",
            "-device", "virtio-serial-pci", "-device", "virtserialport,chardev=link,name=link",
            *options,
        ]  # fmt: skip
        self._errors = (self.place / "errors").open("wb")
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self._errors, stderr=self._errors,
            env=environment,
        )  # fmt: skip

    def connect(self) -> None:
        self._control = self._socket("qmp")
        self._control_in = self._control.makefile("rb")
        self._control_in.readline()  # the greeting
        self.ask("qmp_capabilities")
        self._link = self._socket("link")
        self._buffer = b""

    def _socket(self, name: str) -> socket.socket:
        ends = time.monotonic() + ANSWER_TIMEOUT_S
        while True:
            found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            found.settimeout(ANSWER_TIMEOUT_S)
            try:
                found.connect(str(self.place / name))
                return found
            except OSError:
                found.close()
                if self.process.poll() is not None or time.monotonic() > ends:
                    raise MachineError("QEMU does not start: " + self.last_words()) from None
                time.sleep(0.005)

    def wait_ready(self) -> None:
        """Until the guest's program has said that it is."""
        said = self.read_line(BOOT_TIMEOUT_S)
        if said != "ready":
            raise MachineError(f"the guest is not ready but says {said!r}: {self.last_words()}")

    # -- QMP

    def ask(self, command: str, **arguments):
        request = {"execute": command, "arguments": arguments}
        self._control.sendall(json.dumps(request).encode() + b"\n")
        while True:
            line = self._control_in.readline()
            if not line:
                raise MachineError(f"QEMU left at {command}: {self.last_words()}")
            answer = json.loads(line)
            if "error" in answer:
                raise MachineError(f"QEMU refuses {command}: {answer['error']['desc']}")
            if "return" in answer:
                return answer["return"]

    # -- the guest's program

    def send_order(self, orders: dict) -> None:
        self.send_line(json.dumps(orders))

    def read_told(self, timeout_s: float = LINE_TIMEOUT_S) -> dict | None:
        line = self.read_line(timeout_s)
        return None if line is None else json.loads(line)

    def lines_left(self) -> list[str]:
        """What a killed guest has still said, whole lines."""
        self._link.settimeout(1)
        while data := self._link.recv(65536):
            self._buffer += data
        lines = self._buffer.split(b"\n")[:-1]
        self._buffer = b""
        return [line.decode() for line in lines]

    def send_line(self, text: str) -> None:
        self._link.sendall(text.encode() + b"\n")

    def read_line(self, timeout_s: float = LINE_TIMEOUT_S) -> str | None:
        """What the guest says next; None if it says nothing in time."""
        ends = time.monotonic() + timeout_s
        while b"\n" not in self._buffer:
            left_s = ends - time.monotonic()
            if left_s <= 0:
                return None
            self._link.settimeout(left_s)
            try:
                data = self._link.recv(65536)
            except TimeoutError:
                return None
            if not data:
                raise MachineError("the guest is gone: " + self.last_words())
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line.decode()

    def last_words(self) -> str:
        texts = []
        for name in ("errors", "console"):
            path = self.place / name
            texts.append(path.read_text("utf-8", "replace")[-1500:] if path.exists() else "")
        return "\n".join(text for text in texts if text) or "it said nothing"

    # -- its end

    def kill(self) -> None:
        """SIGKILL: from one instruction of the guest to the next there is none."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        self.kill()
        for name in ("_control_in", "_control", "_link"):
            if hasattr(self, name):
                getattr(self, name).close()
        self._errors.close()
        self._folder.cleanup()

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_) -> None:
        self.close()
