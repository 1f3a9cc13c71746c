"""The keys a node provides: what is saved is loaded, whatever else is in the file."""

from edge.errors import LocalError
from edge.routing import provided_file
from tests import kit, scratch

KEYS = [b"\x12\x20" + bytes(32), b"k", bytes(80)]


def test_what_is_saved_is_loaded_in_its_order() -> None:
    with scratch.Folder() as folder:
        path = folder + "/provided"
        assert provided_file.load(path) == []
        provided_file.save(path, KEYS)
        assert provided_file.load(path) == KEYS
        provided_file.save(path, [])
        assert provided_file.load(path) == []


def test_lines_that_are_no_keys_are_left_out() -> None:
    with scratch.Folder() as folder:
        path = folder + "/provided"
        lines = b"# mine\r\n0102\r\nxyz\n\n010\n" + b"00" * 81 + b"\n0102\n\xff\xfe\n 03 \n04"
        scratch.put(path, lines)
        assert provided_file.load(path) == [b"\x01\x02", b"\x03", b"\x04"]


def test_too_much_is_neither_read_nor_written() -> None:
    with scratch.Folder() as folder:
        path = folder + "/provided"
        count = provided_file.FILE_SIZE_MAX // 160 + 1
        keys = [bytes([n >> 8, n & 255]) + bytes(78) for n in range(count)]
        kit.raises(LocalError, provided_file.save, path, keys)
        assert provided_file.load(path) == []
        scratch.put(path, b"00\n" * count * 60)
        kit.raises(LocalError, provided_file.load, path)


if __name__ == "__main__":
    kit.run(globals())
