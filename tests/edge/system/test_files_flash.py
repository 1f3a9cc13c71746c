"""The power goes at every single operation of the flash: a file is old or new, never half.

On littlefs and FAT in a RAM block device, which MicroPython alone has: on CPython those tests pass
at once.
"""

from edge.errors import EdgeError
from edge.system import MICROPYTHON, files, files_flash
from tests import kit, scratch

BLOCK = 512  # bytes
BLOCKS = 50  # FAT wants that many
OLD = b"old " * 50
NEW = b"new content " * 60
STEPS_MAX = 400

if MICROPYTHON:
    import os

    import vfs


class Flash:
    """NOR flash that dies at operation ``cut``: 0 not done, 1 half done, 2 half programmed."""

    def __init__(self, image, cut: int = -1, mode: int = 0) -> None:
        self.data = image
        self.cut = cut
        self.mode = mode
        self.operations = 0
        self.dead = False

    def readblocks(self, block, buffer, offset=0):
        start = block * BLOCK + offset
        buffer[:] = memoryview(self.data)[start : start + len(buffer)]

    def writeblocks(self, block, buffer, offset=0):
        start = block * BLOCK + offset
        if not self._dies(start, buffer):
            self.data[start : start + len(buffer)] = buffer
        return -5 if self.dead else 0

    def ioctl(self, operation, argument):
        if operation == 4:
            return BLOCKS
        if operation == 5:
            return BLOCK
        if operation == 6:
            blank = b"\xff" * BLOCK
            if not self._dies(argument * BLOCK, blank):
                self.data[argument * BLOCK : (argument + 1) * BLOCK] = blank
            return -5 if self.dead else 0
        return 0

    def _dies(self, start: int, wanted) -> bool:
        if self.dead:
            return True
        self.dead = self.operations == self.cut
        self.operations += 1
        if self.dead and self.mode == 1:
            half = len(wanted) // 2
            self.data[start : start + half] = memoryview(wanted)[:half]
        if self.dead and self.mode == 2:
            for i in range(len(wanted)):
                self.data[start + i] &= wanted[i] | 0x55
        return self.dead


def _mounted(flash, system, work):
    """The result of ``work()`` with the flash under /f; EdgeError and OSError if it died."""
    try:
        vfs.mount(system(flash), "/f")
        return work()
    except (EdgeError, OSError):
        assert flash.dead
    finally:
        try:
            vfs.umount("/f")
        except OSError:
            assert flash.dead


def _image(system, before):
    flash = Flash(bytearray(b"\xff" * (BLOCK * BLOCKS)))
    system.mkfs(flash)
    _mounted(flash, system, before)
    return flash.data


def _cut_everywhere(system, modes, before, change, check):
    """Run ``change`` with the power going at every operation, then ``check`` what is left."""
    image = _image(system, before)
    data = bytearray(len(image))
    for mode in modes:
        for cut in range(STEPS_MAX):
            data[:] = image
            flash = Flash(data, cut, mode)
            _mounted(flash, system, change)
            _check(flash, system, check)
            if not flash.dead:
                break
        assert not flash.dead and cut > 0


def _check(flash, system, check):
    _mounted(Flash(flash.data), system, lambda: check(not flash.dead))


def _replacing_cases():
    """FAT has no defence of its own against a half written sector: only whole sectors there."""
    return ((vfs.VfsLfs2, (0, 1, 2)), (vfs.VfsFat, (0,)))


def test_replacing_leaves_old_or_new():
    def check(finished):
        found = files.read("/f/file")
        assert found == NEW or found == OLD and not finished
        files.write_atomic("/f/file", b"next")
        assert files.read("/f/file") == b"next" and files.list_dir("/f") == ["file"]

    if MICROPYTHON:
        for system, modes in _replacing_cases():
            _cut_everywhere(
                system,
                modes,
                lambda: files.write_atomic("/f/file", OLD),
                lambda: files.write_atomic("/f/file", NEW),
                check,
            )


def test_creating_leaves_nothing_or_all():
    def check(finished):
        found = files.read("/f/file")
        assert found == NEW or found is None and not finished
        assert files.exists("/f/file") == (found is not None)
        if found is None:
            files.write_new("/f/file", b"next")
            assert files.read("/f/file") == b"next"
        else:
            kit.raises(EdgeError, files.write_new, "/f/file", b"next")

    if MICROPYTHON:
        for system, modes in _replacing_cases():
            _cut_everywhere(
                system,
                modes,
                lambda: None,
                lambda: files.write_new("/f/file", NEW),
                check,
            )


def test_removing_leaves_all_or_nothing():
    def check(finished):
        found = files.read("/f/file")
        assert found is None or found == OLD and not finished

    if MICROPYTHON:
        _cut_everywhere(
            vfs.VfsLfs2,
            (0, 1, 2),
            lambda: files.write_atomic("/f/file", OLD),
            lambda: files.remove("/f/file"),
            check,
        )


def test_a_full_flash_keeps_the_old_content():
    def fill():
        files.write_atomic("/f/file", OLD)
        error = kit.raises(EdgeError, files.write_atomic, "/f/file", b"x" * (BLOCK * BLOCKS))
        assert "disk is full" in str(error)
        assert files.read("/f/file") == OLD and os.listdir("/f") == ["file"]

    if MICROPYTHON:
        for system in (vfs.VfsLfs2, vfs.VfsFat):
            _image(system, fill)


def test_every_state_a_power_cut_leaves_is_read_right():
    with scratch.Folder() as folder:
        path = folder + "/file"
        for names, found in (
            (("file", "file.part"), b"file"),
            (("file", "file.new"), b"file"),
            (("file.new",), b"file.new"),
            (("file.part",), None),
        ):
            for name in names:
                scratch.put(folder + "/" + name, name.encode())
            current = files_flash.current(path)
            assert (scratch.get(current) if files.exists(current) else None) == found
            files_flash.replace(path, b"next", False)
            assert scratch.get(path) == b"next" and scratch.names(folder) == ["file"]
            files_flash.remove(path)
            assert scratch.names(folder) == []


if __name__ == "__main__":
    kit.run(globals())
