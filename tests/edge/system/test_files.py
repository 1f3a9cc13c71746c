"""Files: old or new, bounded, and errors that say what to do."""

from edge.errors import LocalError
from edge.system import files
from tests import kit, scratch


def test_read_gives_none_where_there_is_no_file():
    with scratch.Folder() as folder:
        assert files.read(folder + "/none") is None
        assert files.read(folder + "/no/folder") is None
        assert not files.exists(folder + "/none")
        assert files.list_dir(folder + "/none") == []


def test_write_atomic_replaces_and_leaves_nothing_else():
    with scratch.Folder() as folder:
        path = folder + "/file"
        for data in (b"one", b"", b"three" * 1000, b"4"):
            files.write_atomic(path, data)
            assert files.read(path) == data
            assert scratch.names(folder) == ["file"]
        assert files.exists(path)


def test_write_new_never_replaces():
    with scratch.Folder() as folder:
        path = folder + "/file"
        files.write_new(path, b"first")
        error = kit.raises(LocalError, files.write_new, path, b"second")
        assert path in str(error) and "exists" in str(error)
        assert files.read(path) == b"first"
        assert scratch.names(folder) == ["file"]


def test_read_is_bounded():
    with scratch.Folder() as folder:
        path = folder + "/file"
        scratch.put(path, b"12345")
        assert files.read(path, 5) == b"12345"
        assert "4 bytes" in str(kit.raises(LocalError, files.read, path, 4))


def test_read_of_a_folder_is_a_local_error():
    with scratch.Folder() as folder:
        assert folder in str(kit.raises(LocalError, files.read, folder))


def test_append_adds_to_the_end():
    with scratch.Folder() as folder:
        path = folder + "/log"
        files.append(path, b"ab")
        files.append(path, b"c")
        assert files.read(path) == b"abc"


def test_a_full_disk_is_named_with_what_to_do():
    error = kit.raises(LocalError, files.append, "/dev/full", b"data")
    assert "/dev/full" in str(error) and "disk is full" in str(error) and "free some" in str(error)


def test_a_missing_folder_is_named():
    with scratch.Folder() as folder:
        path = folder + "/no/file"
        for write in (files.write_atomic, files.write_new, files.append):
            assert "folder does not exist" in str(kit.raises(LocalError, write, path, b"data"))


def test_remove_takes_what_is_not_there_for_done():
    with scratch.Folder() as folder:
        path = folder + "/file"
        files.remove(path)
        files.write_atomic(path, b"data")
        files.remove(path)
        assert files.read(path) is None and not files.exists(path)


def test_make_dir_makes_those_above_and_leaves_an_existing_one():
    with scratch.Folder() as folder:
        files.make_dir(folder + "/a/b/c", private=True)
        files.write_atomic(folder + "/a/b/c/file", b"data")
        files.make_dir(folder + "/a/b/c")
        files.make_dir(folder)
        assert files.list_dir(folder + "/a/b/c") == ["file"]
        kit.raises(LocalError, files.make_dir, folder + "/a/b/c/file")


def test_list_dir_is_sorted_and_hides_unfinished_writes():
    with scratch.Folder() as folder:
        for name in ("b", "a", "c.7.part", "c.part"):
            scratch.put(folder + "/" + name, b"")
        assert files.list_dir(folder) == ["a", "b"]
        kit.raises(LocalError, files.list_dir, folder + "/a")


def test_sync_takes_an_open_file():
    with scratch.Folder() as folder, open(folder + "/file", "wb") as file:
        file.write(b"data")
        files.sync(file)
        assert scratch.get(folder + "/file") == b"data"


if __name__ == "__main__":
    kit.run(globals())
