"""The store that is cut: the real one, with segments so small that it cleans all the time."""

from edge.records.flash import FLASH, Layout
from edge.records.stores import QUOTA
from edge.records.stores.flash import FlashStore, Options, open_medium

OWN = b"\x00\x04self"
SMALL = Layout(8192, 1 << 20, True)


def open_store(folder: str, judge, durability, layout: Layout = SMALL) -> FlashStore:
    return FlashStore(judge, open_medium(folder), OWN, Options(QUOTA, durability, layout, FLASH))
