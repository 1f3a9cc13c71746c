"""QEMU: a guest is started once, frozen before it touches its disk, and thawed for each cut.

Its memory is a file.  Frozen, it is written there; a thawed guest maps it copy-on-write, so that
nothing has to be loaded, and any number of them run at once.  What is not memory is a small file of
its own.  No KVM is needed.
"""

import time
from pathlib import Path

from tests.guests import cpio, image, machine
from tests.guests.machine import ANSWER_TIMEOUT_S, APPEND, QEMU, MachineError

__all__ = ("QEMU", "Frozen", "MachineError", "Running")

MODULE = "virtio_blk"
GUEST = image.Recipe(  # the kernel for clouds has ext4 and the console in it
    "power-guest-2", "linux-image-cloud-amd64", ("drivers/block/" + MODULE,), fetched_mb=55
)
MEMORY_MB = 224
INIT = b"""#!/bin/busybox sh
busybox mount -t proc proc /proc
busybox mount -t sysfs sysfs /sys
busybox mount -t devtmpfs dev /dev
busybox mount -t tmpfs tmpfs /tmp
export PYTHONPATH=/code PYTHONDONTWRITEBYTECODE=1
exec python3 -S -m tests.power.guest </dev/null >/dev/ttyS0 2>&1
"""


class Frozen:
    """A guest that has loaded ``files`` (path in the guest -> content) and waits for orders."""

    def __init__(self, folder: Path, files: dict[str, bytes], disk_mb: int) -> None:
        self.folder = folder
        self._disk_mb = disk_mb
        self.memory = folder / "memory"
        self.state = folder / "state"
        guest = image.find(GUEST)
        module = (guest / (MODULE + ".ko")).read_bytes()
        added = cpio.pack_files({**files, "init": INIT, MODULE + ".ko": module})
        (folder / "initrd").write_bytes((guest / "root.cpio").read_bytes() + added)
        self.kernel = guest / "vmlinuz"

    def freeze(self) -> float:
        """Boot and save; how long it took, in seconds."""
        began = time.monotonic()
        options = [
            "-kernel", str(self.kernel), "-initrd", str(self.folder / "initrd"), "-append", APPEND,
            "-drive", f"if=none,id=disk,driver=null-co,read-zeroes=on,size={self._disk_mb}M",
        ]  # fmt: skip
        with Running(self, "share=on", options) as guest:
            guest.connect()
            guest.wait_ready()
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


class Running(machine.Running):
    """One QEMU process, whose memory is the frozen guest's."""

    def __init__(self, frozen: Frozen, sharing: str, options: list[str]) -> None:
        memory = f"memory-backend-file,id=memory,mem-path={frozen.memory},size={MEMORY_MB}M,"
        super().__init__([
            "-m", f"{MEMORY_MB}M", "-object", memory + sharing,
            "-device", "virtio-blk-pci,drive=disk,write-cache=on", *options,
        ], "pc,memory-backend=memory")  # fmt: skip

    def connect(self) -> None:
        super().connect()
        self.ask("migrate-set-capabilities", capabilities=[
            {"capability": "x-ignore-shared", "state": True},
        ])  # fmt: skip

    def migrate(self, where: str) -> None:
        self.ask("migrate-set-parameters", **{"max-bandwidth": 1 << 40})
        self.ask("migrate", uri=where)
        self._until("completed")

    def arrive(self, where: str) -> None:
        self.ask("migrate-incoming", uri=where)
        self._until("completed")
        self.ask("cont")

    def _until(self, wanted: str) -> None:
        ends = time.monotonic() + ANSWER_TIMEOUT_S
        while (status := self.ask("query-migrate").get("status")) != wanted:
            if status == "failed" or time.monotonic() > ends:
                raise MachineError(f"migration is {status}: {self.last_words()}")
            time.sleep(0.002)
