"""A medium that loses its power at any operation, and what may be on it afterwards.

Every create, append, sync, remove and sync_names is a cut point: that operation is done by half,
or not at all, and none after it.  What was not synced may survive in any order, in part, or as
garbage; so may names that were created or removed since names were synced.
"""

from edge.errors import LinkError
from edge.records.flash import Medium, MediumFull
from tests import kit

MODES = ("dropped", "kept", "reordered", "garbage")


class Cut(LinkError):
    """The power is gone."""


class CutMedium(Medium):
    """``files`` is what is there at the beginning; the power goes at operation ``cut``."""

    def __init__(self, files: "dict[str, bytes] | None" = None, cut: int = -1) -> None:
        self.durable = {name: bytes(data) for name, data in (files or {}).items()}
        self.data = {name: bytearray(data) for name, data in self.durable.items()}
        self.pending: dict = {}  # name -> [(offset, data)] not synced
        self.names_pending: list = []  # ("create" | "remove", name)
        self.open: set = set()
        self.cut = cut
        self.count = 0
        self.size_max = -1  # of all files; beyond it the medium is full
        self.is_deaf = False  # a mutant: syncs do nothing

    def names(self):
        return sorted(self.data)

    def create(self, name):
        self._step()
        assert name not in self.data, "created twice: " + name
        self.data[name] = bytearray()
        self.pending[name] = []
        self.names_pending.append(("create", name))
        self.open.add(name)

    def append(self, name, data):
        assert name in self.open
        if self.size_max >= 0:
            room = self.size_max - sum([len(held) for held in self.data.values()])
            if len(bytes(data)) > room:
                self._write(name, bytes(data)[: max(0, room)])
                raise MediumFull("full")
        if self.count == self.cut:
            self._write(name, bytes(data)[: len(bytes(data)) // 2])
        self._step()
        self._write(name, bytes(data))

    def reserve(self, name, size):
        self.create(name)
        self.append(name, bytes(size))
        self.sync(name)
        self.close(name)
        return size

    def sync(self, name):
        self._step()
        if not self.is_deaf:
            self.pending[name] = []

    def sync_names(self):
        self._step()
        if not self.is_deaf:
            self._settle_names([True] * len(self.names_pending))

    def close(self, name):
        self.open.discard(name)

    def read(self, name, offset, size):
        if name not in self.data:
            raise LinkError("no such file: " + name)
        return bytes(self.data[name][offset : offset + size])

    def size(self, name):
        return len(self.data[name])

    def remove(self, name):
        self._step()
        self._forget(name)

    def rename(self, old, new):
        """As FAT does it, for mutants: the target is removed first."""
        self.remove(new)
        self._step()
        self.data[new] = self.data.pop(old)
        self.pending[new] = self.pending.pop(old)
        self.durable[new] = bytes(self.data[new])
        self.names_pending = [item for item in self.names_pending if item[1] not in (old, new)]

    def after(self, mode: str, seed: int) -> "dict[str, bytes]":
        """What is on the medium once there is power again."""
        rng = kit.Rng(seed)
        keep_all, keep_none = mode == "kept", mode == "dropped"
        data = {}
        for name in sorted(set(self.data) | set(self.durable)):
            data[name] = bytearray(self.durable.get(name, b""))
        for name in sorted(self.data):
            pending = self.pending.get(name, ())
            settled = pending[0][0] if pending else len(self.data[name])
            data[name] = bytearray(self.data[name][:settled])
            for offset, piece in pending:
                if keep_none or not (keep_all or rng.below(2)):
                    continue
                _place(data[name], offset, piece, mode, rng)
        exists = dict.fromkeys(self.durable, True)
        for kind, name in self.names_pending:
            if not keep_none and (keep_all or rng.below(2)):
                exists[name] = kind == "create"
        return {name: bytes(held) for name, held in data.items() if exists.get(name)}

    def _step(self):
        if 0 <= self.cut <= self.count:
            raise Cut("no power")
        self.count += 1

    def _write(self, name, data):
        if data:
            self.pending.setdefault(name, []).append((len(self.data[name]), data))
            self.data[name] += data

    def _forget(self, name):
        self.names_pending.append(("remove", name))
        if name in self.durable:
            self.durable[name] = bytes(self.data[name])  # as it would be if it came back
        del self.data[name]
        self.pending.pop(name, None)
        self.open.discard(name)

    def _settle_names(self, kept):
        for kind, name in self.names_pending:
            if kind == "create" and name in self.data:
                self.durable[name] = b""
            elif kind == "remove":
                self.durable.pop(name, None)
        self.names_pending = []


def _place(data: bytearray, offset: int, piece: bytes, mode: str, rng: "kit.Rng") -> None:
    if mode == "garbage":
        half = rng.below(len(piece) + 1)
        piece = piece[:half] + rng.bytes(len(piece) - half)
    gap = offset - len(data)
    if gap > 0:
        data += bytes(gap) if rng.below(2) else rng.bytes(gap)
    data[offset : offset + len(piece)] = piece
