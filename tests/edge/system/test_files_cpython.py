"""Files where there are users and a folder to sync: modes, and crashes between any two calls."""

import errno
import os
import shutil
import stat
import tempfile

import pytest

from edge.errors import LocalError
from edge.system import files, files_posix, log

CALLS = ("open", "fsync", "replace", "link", "remove", "rename")


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "file")


def mode_of(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def names(path):
    return sorted(os.listdir(os.path.dirname(path)))


class Machine(BaseException):
    """Stops at call number ``cut`` of those that change the disk, and stays stopped."""

    def __init__(self, monkeypatch, cut, error=None):
        self.cut = cut
        self.error = error
        self.count = 0
        for name in CALLS:
            monkeypatch.setattr(os, name, self._wrap(getattr(os, name)))

    def _wrap(self, call):
        def wrapped(*args):
            self.count += 1
            if self.error is None and self.count > self.cut:
                raise self
            if self.error is not None and self.count == self.cut + 1:
                raise OSError(self.error, os.strerror(self.error))
            return call(*args)

        return wrapped


def test_private_files_are_for_the_owner_alone_from_the_first_moment(path, monkeypatch):
    seen = []
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda fd: (seen.append(os.fstat(fd).st_mode), fsync(fd)))
    old = os.umask(0)
    try:
        files.write_atomic(path, b"secret", private=True)
        assert mode_of(path) == 0o600
        assert stat.S_IMODE(seen[0]) == 0o600
        files.write_atomic(path, b"public")
        assert mode_of(path) == 0o666
        os.remove(path)
        files.write_new(path, b"secret")
        assert mode_of(path) == 0o600
        files.make_dir(path + ".d", private=True)
        assert mode_of(path + ".d") == 0o700
    finally:
        os.umask(old)


@pytest.mark.parametrize("write", [files.write_atomic, files.write_new])
def test_a_crash_between_any_two_calls_leaves_old_or_new(path, write):
    before = b"old" if write is files.write_atomic else None
    for cut in range(20):
        with pytest.MonkeyPatch.context() as patch:
            if before:
                files.write_atomic(path, before)
            elif os.path.exists(path):
                os.remove(path)
            machine = Machine(patch, cut)
            finished = False
            try:
                write(path, b"new content")
                finished = True
            except Machine:
                assert machine.count > cut
        assert files.read(path) == b"new content" or files.read(path) == before and not finished
        if finished:
            break
    assert finished and cut >= 4
    assert files.list_dir(os.path.dirname(path)) == ["file"]


@pytest.mark.parametrize("write", [files.write_atomic, files.write_new])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EDQUOT, errno.EROFS])
def test_a_failing_call_leaves_old_or_new_and_nothing_else(path, write, number):
    for cut in range(20):
        with pytest.MonkeyPatch.context() as patch:
            if write is files.write_atomic:
                files.write_atomic(path, b"old")
            elif os.path.exists(path):
                os.remove(path)
            machine = Machine(patch, cut, number)
            try:
                write(path, b"new")
            except LocalError as error:
                assert path in str(error)
        assert files.read(path) in (b"old", b"new", None)
        assert names(path) in (["file"], []), cut
        if machine.count <= cut:
            return
    raise AssertionError("never got through")


def test_a_file_system_without_links_still_refuses_to_replace(path, monkeypatch):
    def no_links(*_args):
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", no_links)
    files.write_new(path, b"first")
    with pytest.raises(LocalError, match="exists"):
        files.write_new(path, b"second")
    assert files.read(path) == b"first"
    assert names(path) == ["file"]


def test_write_new_does_not_follow_a_dangling_link(path):
    os.symlink(path + ".elsewhere", path)
    with pytest.raises(LocalError, match="exists"):
        files.write_new(path, b"data")
    assert not os.path.exists(path + ".elsewhere")


def test_leftovers_of_a_killed_process_of_our_number_do_no_harm(path):
    left = f"{path}.{os.getpid()}.part"
    with open(left, "w") as file:
        file.write("half")
    files.write_atomic(path, b"data")
    assert files.read(path) == b"data"
    assert names(path) == ["file"]


@pytest.fixture
def ordinary_user():
    """Root, who may do everything, is somebody else for the length of a test."""
    was_root = os.geteuid() == 0
    if was_root:
        os.seteuid(65534)
    yield
    if was_root:
        os.seteuid(0)


@pytest.fixture
def forbidden():
    """A folder that everybody may enter and nobody but root may write."""
    folder = tempfile.mkdtemp()
    os.chmod(folder, 0o555)
    yield folder
    os.chmod(folder, 0o755)
    shutil.rmtree(folder)


def test_a_forbidden_folder_says_so(forbidden, ordinary_user):
    path = forbidden + "/file"
    for write in (files.write_atomic, files.write_new, files.append):
        with pytest.raises(LocalError, match="permission denied; become the owner"):
            write(path, b"")
    assert files.list_dir(forbidden) == []


def test_a_forbidden_file_is_not_taken_for_none(ordinary_user):
    with tempfile.NamedTemporaryFile() as file:
        os.chmod(file.name, 0)
        with pytest.raises(LocalError, match="permission denied; become the owner"):
            files.read(file.name)


def test_tighten_takes_a_file_away_from_others(path):
    files.write_atomic(path, b"secret", private=True)
    assert not files.tighten(path)
    os.chmod(path, 0o640)
    assert files.tighten(path)
    assert mode_of(path) == 0o600


def test_tighten_leaves_files_of_others_alone(path, monkeypatch):
    files.write_atomic(path, b"secret")
    os.chmod(path, 0o644)
    monkeypatch.setattr(files_posix.os, "geteuid", lambda: os.getuid() + 1)
    assert not files.tighten(path)
    assert mode_of(path) == 0o644


def test_tighten_says_when_it_cannot(path, monkeypatch):
    def refuse(*_args):
        raise PermissionError(errno.EPERM, "not here")

    files.write_atomic(path, b"secret")
    os.chmod(path, 0o644)
    monkeypatch.setattr(files_posix.os, "chmod", refuse)
    with pytest.raises(LocalError, match="cannot make private"):
        files.tighten(path)


def test_log_goes_to_standard_error(capsys):
    log.Log("room").warn("hello {}", "you")
    log.Log("room").info("not shown")
    shown = capsys.readouterr()
    assert shown.out == "" and shown.err == "warn room: hello you\n"
