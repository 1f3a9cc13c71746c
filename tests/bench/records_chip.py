"""On MicroPython: whether the flash store holds 200 records of 100 bytes in a small heap.

    micropython records_chip.py FOLDER HEAP_BYTES      one line of JSON

All that is free beyond HEAP_BYTES is taken first; code is not counted, a chip has it in flash.
"""

import gc
import json
import sys

from edge.records.flash import FLASH, LAYOUT
from edge.records.flash.medium import FileMedium
from edge.records.stores import QUOTA
from edge.records.stores.flash import FlashStore, Options
from edge.system import aio

RECORDS = 200
VALUE_BYTES = 100
OWN = b"\x00\x04self"
PIECE_BYTES = 1024


class LastWins:
    def check(self, key, value):
        pass

    def is_newer(self, key, value, held):
        return value != held

    def lifetime_ms(self, key, value):
        return None

    def aged(self, key, value, held_ms):
        return value


async def work(folder):
    judge, options = LastWins(), Options(QUOTA, "each", LAYOUT, FLASH)
    store = FlashStore(judge, FileMedium(folder), OWN, options)
    await store.start()
    value = bytes(VALUE_BYTES)
    for number in range(RECORDS):
        await store.put(b"/edge/" + OWN + b"/%d" % number, value)
    found = 0
    for number in range(RECORDS):
        found += await store.get(b"/edge/" + OWN + b"/%d" % number) == value
    return store, found


def measure(folder, heap_bytes):
    gc.collect()
    taken = []
    while gc.mem_free() > heap_bytes + PIECE_BYTES:
        taken.append(bytearray(PIECE_BYTES))
    gc.collect()
    before = gc.mem_alloc()
    try:
        store, found = aio.run(work(folder))
    except MemoryError:
        print(json.dumps({"found": 0, "heap_bytes": None}))
        return
    gc.collect()
    used = gc.mem_alloc() - before
    print(json.dumps({"found": found, "heap_bytes": used, "records": store.status()["records"]}))


measure(sys.argv[1], int(sys.argv[2]))
