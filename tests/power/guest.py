"""What the guest runs as its first program: loads the jobs, says that it is ready, does one.

It is frozen while it waits for its orders, one line of JSON:

    {"call": "tests.power.writer", "entropy": "HEX", ...}

work(orders, link) of that module is called.
"""

import ctypes
import fcntl
import importlib
import json
import os
import subprocess
import time
import traceback

from tests.guests.guest import Link

DEVICE = "/dev/vda"
DISK = "/disk"
PRELOADED = "/code/preloaded"  # the modules to import before it is frozen, one a line
_BLKFLSBUF = 0x1261  # drops what the kernel has read ahead of a disk
_RNDRESEEDCRNG = 0x5207


def stir(entropy: bytes) -> None:
    """Random bytes of this guest are not those of every other one that was thawed."""
    with open("/dev/urandom", "wb", buffering=0) as pool:
        pool.write(entropy)
        fcntl.ioctl(pool, _RNDRESEEDCRNG)


def mount() -> None:
    """Mount the disk, which replays its journal.

    When this program was frozen another disk lay in the drive.
    """
    device = os.open(DEVICE, os.O_RDONLY)
    fcntl.ioctl(device, _BLKFLSBUF)
    os.close(device)
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(DEVICE.encode(), DISK.encode(), b"ext4", 0, None):
        raise OSError(ctypes.get_errno(), "mount: " + os.strerror(ctypes.get_errno()))


def main() -> None:
    subprocess.run(["/bin/busybox", "insmod", "/virtio_blk.ko"], check=True)
    with open(PRELOADED, encoding="utf-8") as names:
        jobs = {name: importlib.import_module(name) for name in names.read().split()}
    ctypes.CDLL(None)
    link = Link()
    link.say("ready")
    orders = json.loads(link.read())
    stir(bytes.fromhex(orders["entropy"]))
    try:
        jobs[orders["call"]].work(orders, link)
    except BaseException:
        text = traceback.format_exc()
        print(text, flush=True)
        link.tell(error=text)
    while True:  # the first program of a system must not end
        time.sleep(60)


if __name__ == "__main__":
    main()
