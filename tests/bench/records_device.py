"""In the guest of tests/power: how many bytes reach the disk for each byte that is put.

The disk's own count of written sectors, in /sys/block/vda/stat, is read after all was synced: it
includes the file system's journal and metadata, and what cleaning and checkpoints write again.
"""

import os
import shutil

from tests.bench import records_rivals as rivals
from tests.power import guest

SECTOR = 512
_WRITTEN = 6  # field of /sys/block/*/stat


def work(orders: dict, link: guest.Link) -> None:
    """Each of ``orders["measured"]``: name, lazy, group, count, keys, size, key."""
    guest.mount()
    for measured in orders["measured"]:
        link.tell(**measure(measured))


def measure(measured: dict) -> dict:
    """``measured``, and the bytes put and written, after as many puts to begin with."""
    name, group, count = measured["name"], measured["group"], measured["count"]
    folder = guest.DISK + "/measured"
    os.makedirs(folder)
    rival = rivals.open_rival(name, folder, measured["lazy"])
    rival.write(rivals.items(count, measured["keys"], measured["size"], seed=2), group)
    before, own = written(), own_written(rival)
    some = rivals.items(count, measured["keys"], measured["size"])
    rival.write(some, group)
    told = {"put": sum(len(key) + len(value) for key, value in some)}
    told["own_written"] = own_written(rival) - own
    told["written"] = written() - before
    rival.close()
    shutil.rmtree(folder)
    os.sync()
    return {**measured, **told}


def own_written(rival) -> int:
    """What our store has given to the file system; nothing is known of the others."""
    return rival.store.status()["bytes_written"] if isinstance(rival, rivals.Edge) else 0


def written() -> int:
    """Bytes that have reached the disk, once nothing is left in memory."""
    os.sync()
    with open("/sys/block/vda/stat", encoding="ascii") as counts:
        return int(counts.read().split()[_WRITTEN]) * SECTOR
