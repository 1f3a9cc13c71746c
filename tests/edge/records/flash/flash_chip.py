"""Power cuts at every program and every erase of a flash chip under littlefs, or FAT.

    micropython flash_chip.py lfs 4096 0 1 2      every cut of the modes given, one line for each

The chip is in RAM: NOR flash, which is erased in blocks to ones and programmed to zeros.

    mode    the operation at which the power goes is
    0       dropped
    1       half done
    2       garbage: half of the bits of a program or an erase
"""

import sys

from edge.errors import EdgeError
from edge.records.flash import recovery
from edge.records.flash.log import Log
from edge.records.flash.medium import FileMedium
from tests.edge.records.flash.harness import History, Promise, check, opened, work

PATH = "/cut"
OPERATIONS = 70
NO_SPACE = -28
IO_ERROR = -5


class Chip:
    """A block device whose power goes at operation ``cut``."""

    def __init__(self, block: int, count: int, image=None) -> None:
        self.block = block
        self.blocks = count
        self.image = image or bytearray(b"\xff" * (block * count))
        self.operations = self.erases = 0
        self.cut = -1
        self.mode = 0
        self.is_dead = False

    def readblocks(self, number, buffer, offset=0):
        start = number * self.block + offset
        buffer[:] = memoryview(self.image)[start : start + len(buffer)]

    def writeblocks(self, number, buffer, offset=-1):
        start = number * self.block + max(0, offset)
        size = len(buffer)
        if self._is_cut():
            if self.mode == 1:
                self.image[start : start + size // 2] = memoryview(buffer)[: size // 2]
            elif self.mode == 2 and offset >= 0:
                for place in range(size):
                    self.image[start + place] &= buffer[place] | (0x55 if place & 1 else 0xAA)
            return IO_ERROR
        if self.is_dead:
            return IO_ERROR
        self.image[start : start + size] = buffer
        return 0

    def ioctl(self, request, number):
        if request == 4:
            return self.blocks
        if request == 5:
            return self.block
        return self._erase(number * self.block) if request == 6 else 0

    def _erase(self, start):
        size = self.block
        if self._is_cut():
            if self.mode == 1:
                self.image[start : start + size // 2] = b"\xff" * (size // 2)
            elif self.mode == 2:
                for place in range(start, start + size):
                    self.image[place] |= 0x5A
            return IO_ERROR
        if self.is_dead:
            return IO_ERROR
        self.erases += 1
        self.image[start : start + size] = b"\xff" * size
        return 0

    def _is_cut(self) -> bool:
        is_now = self.operations == self.cut and not self.is_dead
        if is_now:
            self.is_dead = True
        elif not self.is_dead:
            self.operations += 1
        return is_now


class Rig:
    """A file system on a chip, formatted once."""

    def __init__(self, system: str, block: int) -> None:
        import vfs

        self._vfs = vfs
        self._kind = vfs.VfsLfs2 if system == "lfs" else vfs.VfsFat
        self._block, self._count = block, 32 if block == 4096 else 128
        chip = Chip(self._block, self._count)
        self._kind.mkfs(chip)
        self._image = bytes(chip.image)

    def chip(self, image=None) -> Chip:
        return Chip(self._block, self._count, image or bytearray(self._image))

    def mounted(self, chip: Chip) -> FileMedium:
        self._vfs.mount(self._kind(chip), PATH)
        return FileMedium(PATH)

    def unmount(self, medium=None) -> None:
        try:
            if medium:
                medium.stop()
        except EdgeError:
            pass
        try:
            self._vfs.umount(PATH)
        except OSError:
            pass

    def run(self, cut: int, mode: int, make=Log) -> "tuple[Chip, History]":
        chip, history = self.chip(), History(OPERATIONS)
        chip.cut, chip.mode = cut, mode
        medium = None
        try:
            medium = self.mounted(chip)
            log = opened(medium, False, make)
            work(log, history, 1)
            recovery.write_hint(log)
        except (EdgeError, OSError):
            if not chip.is_dead:
                raise
        finally:
            self.unmount(medium)
        return chip, history

    def check(self, chip: Chip, history: History) -> None:
        """With power again."""
        medium = self.mounted(self.chip(chip.image))
        try:
            check(medium, history)
        finally:
            self.unmount(medium)


class NeverFlushes(Log):
    def sync_medium(self, token):
        pass


class RemovesTooEarly(Log):
    def clean(self, found):
        for _ in self.copy(found):
            pass
        self.drop(found)


def cut_everywhere(rig: Rig, mode: int, make=Log, step: int = 1) -> int:
    whole, history = rig.run(-1, 0, make)
    rig.check(whole, history)
    for cut in range(0, whole.operations, step):
        chip, history = rig.run(cut, mode, make)
        try:
            rig.check(chip, history)
        except Promise as broken:
            raise Promise("mode {} cut {}: {}".format(mode, cut, broken))
    return whole.operations


def main(system: str, block: int, modes: "list[str]") -> None:
    rig = Rig(system, block)
    for mode in modes:
        if mode == "mutants":
            for mutant in (NeverFlushes, RemovesTooEarly):
                try:
                    cut_everywhere(rig, 0, mutant)
                    print("survived", mutant.__name__)
                except Promise as broken:
                    print("caught", mutant.__name__, str(broken)[:60])
        else:
            print("passed", mode, cut_everywhere(rig, int(mode)), "cut points")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
