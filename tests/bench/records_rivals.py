"""Those who keep records durably, behind one face: our flash store, SQLite, and a bare fsync loop.

    write(items, group)      puts (key, value) pairs, ``group`` at a time; each group is durable
                             before the next one begins, unless the rival was opened as a lazy one
    read(keys)               gets each; how many were there

Runs on this machine and in the guest of tests/power.
"""

import asyncio
import os
import sqlite3

from edge.records.flash import FLASH, LAYOUT
from edge.records.stores import QUOTA
from edge.records.stores.flash import FlashStore, Options, open_medium

OWN = b"\x00\x04self"
KEY = b"/edge/" + OWN + b"/sensors/%08d"
MILLISECONDS = 1000  # that a lazy store may lose
RIVALS = ("edge", "sqlite", "fsync")

Items = list[tuple[bytes, bytes]]


class LastWins:
    """A judge that has nothing against anybody: signatures are not what is measured."""

    def check(self, key, value):
        pass

    def compare(self, key, a, b):
        return int(a != b)

    def is_newer(self, key, value, held):
        return value != held

    def lifetime_ms(self, key, value):
        return None

    def aged(self, key, value, held_ms):
        return value


class Edge:
    """``durability`` as the store has it; a lazy one is synced by the clock."""

    def __init__(self, folder: str, lazy: bool = False) -> None:
        self._loop = asyncio.new_event_loop()
        durability = {"ms": MILLISECONDS} if lazy else "each"
        options = Options(QUOTA, durability, LAYOUT, FLASH)
        self.store = FlashStore(LastWins(), open_medium(folder + "/edge"), OWN, options)
        self._loop.run_until_complete(self.store.start())

    def write(self, items: Items, group: int) -> None:
        async def all_groups() -> None:
            put = self.store.put
            if group == 1:
                for key, value in items:
                    await put(key, value)
                return
            for start in range(0, len(items), group):
                some = items[start : start + group]
                await asyncio.gather(*[put(key, value) for key, value in some])

        self._loop.run_until_complete(all_groups())

    def read(self, keys: list[bytes]) -> int:
        async def all_keys() -> int:
            get = self.store.get
            return sum([await get(key) is not None for key in keys])

        return self._loop.run_until_complete(all_keys())

    def close(self) -> None:
        self._loop.run_until_complete(self.store.stop())
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()


class Sqlite:
    """WAL; synchronous=FULL syncs each transaction, NORMAL only what the log is checkpointed by."""

    def __init__(self, folder: str, lazy: bool = False) -> None:
        self._base = sqlite3.connect(folder + "/records.sqlite", isolation_level=None)
        self._base.execute("PRAGMA journal_mode=WAL")
        self._base.execute("PRAGMA synchronous=" + ("NORMAL" if lazy else "FULL"))
        self._base.execute(
            "CREATE TABLE IF NOT EXISTS records (key BLOB PRIMARY KEY, value BLOB) WITHOUT ROWID"
        )

    def write(self, items: Items, group: int) -> None:
        put = "INSERT OR REPLACE INTO records VALUES (?, ?)"
        for start in range(0, len(items), group):
            self._base.execute("BEGIN")
            self._base.executemany(put, items[start : start + group])
            self._base.execute("COMMIT")

    def read(self, keys: list[bytes]) -> int:
        get = "SELECT value FROM records WHERE key = ?"
        return sum(self._base.execute(get, (key,)).fetchone() is not None for key in keys)

    def close(self) -> None:
        self._base.close()


class Fsync:
    """What is appended to one file, and no more: the limit of any log on this file system."""

    def __init__(self, folder: str, lazy: bool = False) -> None:
        self._lazy = lazy
        self._file = open(folder + "/log", "ab", buffering=0)  # noqa: SIM115 (closed by close)

    def write(self, items: Items, group: int) -> None:
        for start in range(0, len(items), group):
            self._file.write(b"".join([key + value for key, value in items[start : start + group]]))
            if not self._lazy:
                os.fsync(self._file.fileno())

    def read(self, keys: list[bytes]) -> int:
        return 0

    def close(self) -> None:
        os.fsync(self._file.fileno())
        self._file.close()


def open_rival(name: str, folder: str, lazy: bool = False) -> Edge | Sqlite | Fsync:
    return {"edge": Edge, "sqlite": Sqlite, "fsync": Fsync}[name](folder, lazy)


def items(count: int, keys: int, size: int, seed: int = 1) -> Items:
    """``count`` values of ``size`` bytes for ``keys`` keys, in an order by chance."""
    made, state = [], seed
    for n in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) & 0xFFFFFFFFFFFFFFFF
        value = (b"%d " % n + state.to_bytes(8, "big") * (size // 8 + 1))[:size]
        made.append((KEY % ((state >> 33) % keys), value))
    return made
