"""QEMU: a guest is started once, frozen before it touches its disk, and thawed for each cut.

Its memory is a file.  Frozen, it is written there; a thawed guest maps it copy-on-write, so that
nothing has to be loaded, and any number of them run at once.  What is not memory is a small file of
its own.  No KVM is needed.
"""

import json
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from tests.power import image

QEMU = "qemu-system-x86_64"
MEMORY_MB = 224
# QEMU 7.2 sometimes gets cmpxchg16b wrong, which Linux's allocator uses where there is one: half of
# all guests would not get through their start.
PROCESSOR = "max,-cx16"
BOOT_TIMEOUT_S = 120  # TCG on a busy machine
THAW_TIMEOUT_S = 30
LINE_TIMEOUT_S = 60
INIT = b"""#!/bin/busybox sh
busybox mount -t proc proc /proc
busybox mount -t sysfs sysfs /sys
busybox mount -t devtmpfs dev /dev
busybox mount -t tmpfs tmpfs /tmp
export PYTHONPATH=/code PYTHONDONTWRITEBYTECODE=1
exec python3 -S -m tests.power.guest </dev/null >/dev/ttyS0 2>&1
"""


class MachineError(Exception):
    """The guest or QEMU does not do its part; the text ends with the guest's last words."""


class Frozen:
    """A guest that has loaded ``files`` (path in the guest -> content) and waits for orders."""

    def __init__(self, folder: Path, files: dict[str, bytes], disk_mb: int) -> None:
        self.folder = folder
        self._disk_mb = disk_mb
        self.memory = folder / "memory"
        self.state = folder / "state"
        guest = image.find()
        entries = [(path, 0o100644, data) for path, data in with_folders(files)]
        entries = [(path, 0o040755 if data is None else mode, data or b"")
                   for path, mode, data in entries]  # fmt: skip
        entries += [("init", 0o100755, INIT)]
        entries += [("virtio_blk.ko", 0o100644, (guest / image.MODULE).read_bytes())]
        (folder / "initrd").write_bytes(
            (guest / "root.cpio").read_bytes() + b"".join(image.archive(entries))
        )
        self.kernel = guest / "vmlinuz"

    def freeze(self) -> float:
        """Boot and save; how long it took, in seconds."""
        began = time.monotonic()
        options = [
            "-kernel", str(self.kernel), "-initrd", str(self.folder / "initrd"),
            "-append", "console=ttyS0 quiet panic=-1 rdinit=/init mitigations=off",
            "-drive", f"if=none,id=disk,driver=null-co,read-zeroes=on,size={self._disk_mb}M",
        ]  # fmt: skip
        with Running(self, "share=on", options) as guest:
            guest.connect()
            said = guest.read_line(BOOT_TIMEOUT_S)
            if said != "ready":
                raise MachineError(f"the guest is not ready but says {said!r}")
            guest.ask("stop")
            guest.migrate(f"exec:cat >{self.state}")
        return time.monotonic() - began

    def thaw(self, drive: str) -> "Running":
        """A running guest with ``drive`` (of QEMU's -drive) as its disk."""
        options = ["-incoming", "defer", "-drive", f"if=none,id=disk,{drive}"]
        guest = Running(self, "share=off", options)
        try:
            guest.connect()
            guest.arrive(f"exec:cat {self.state}")
        except BaseException:
            guest.kill()
            raise
        return guest


class Running:
    """One QEMU process."""

    def __init__(self, frozen: Frozen, sharing: str, options: list[str]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="edge-power-")
        self._place = Path(self._folder.name)
        self._console = self._place / "console"
        memory = f"memory-backend-file,id=memory,mem-path={frozen.memory},size={MEMORY_MB}M,"
        command = [
            QEMU, "-accel", "tcg", "-M", "pc,memory-backend=memory", "-cpu", PROCESSOR, "-smp", "1",
            "-m", f"{MEMORY_MB}M", "-object", memory + sharing, "-nodefaults", "-no-user-config",
            "-display", "none", "-no-reboot", "-serial", f"file:{self._console}",
            "-qmp", f"unix:{self._place}/qmp,server=on,wait=off",
            "-chardev", f"socket,id=link,path={self._place}/link,server=on,wait=off",
            "-device", "virtio-serial-pci", "-device", "virtserialport,chardev=link,name=link",
            "-device", "virtio-blk-pci,drive=disk,write-cache=on", *options,
        ]  # fmt: skip
        self._errors = (self._place / "errors").open("wb")
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self._errors, stderr=self._errors
        )

    def connect(self) -> None:
        self._control = self._socket("qmp")
        self._control_in = self._control.makefile("rb")
        self._control_in.readline()  # the greeting
        self.ask("qmp_capabilities")
        self.ask("migrate-set-capabilities", capabilities=[
            {"capability": "x-ignore-shared", "state": True},
        ])  # fmt: skip
        self._link = self._socket("link")
        self._buffer = b""

    def _socket(self, name: str) -> socket.socket:
        ends = time.monotonic() + THAW_TIMEOUT_S
        while True:
            found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            found.settimeout(THAW_TIMEOUT_S)
            try:
                found.connect(str(self._place / name))
                return found
            except OSError:
                found.close()
                if self.process.poll() is not None or time.monotonic() > ends:
                    raise MachineError("QEMU does not start: " + self.last_words()) from None
                time.sleep(0.005)

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

    def migrate(self, where: str) -> None:
        self.ask("migrate-set-parameters", **{"max-bandwidth": 1 << 40})
        self.ask("migrate", uri=where)
        self._until("completed")

    def arrive(self, where: str) -> None:
        self.ask("migrate-incoming", uri=where)
        self._until("completed")
        self.ask("cont")

    def _until(self, wanted: str) -> None:
        ends = time.monotonic() + THAW_TIMEOUT_S
        while (status := self.ask("query-migrate").get("status")) != wanted:
            if status == "failed" or time.monotonic() > ends:
                raise MachineError(f"migration is {status}: {self.last_words()}")
            time.sleep(0.002)

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
            path = self._place / name
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


def with_folders(files: dict[str, bytes]) -> list[tuple[str, bytes | None]]:
    """``files`` after the folders they lie in; a folder has no content."""
    folders = {parent for path in files for parent in Path(path).parents if parent.name}
    ordered = sorted(folders, key=lambda folder: len(folder.parts))
    return [(folder.as_posix(), None) for folder in ordered] + list(files.items())
