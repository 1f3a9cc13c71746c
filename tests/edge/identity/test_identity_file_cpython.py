"""The identity where there are users: who may read it, disks that are full, nodes that race."""

import errno
import multiprocessing
import os
import stat

import pytest

from edge.errors import LocalError
from edge.identity.identity_file import load, load_or_create
from edge.system import log
from tests.edge.identity import vectors


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "identity.key")


@pytest.fixture
def lines():
    said = []
    log.set_sink(lambda level, name, text: said.append(f"{level} {text}"))
    yield said
    log.set_sink()


def mode_of(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def test_made_for_the_owner_alone_whatever_the_umask(path):
    old = os.umask(0)
    try:
        load_or_create(path)
    finally:
        os.umask(old)
    assert mode_of(path) == 0o600


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660, 0o666, 0o604])
def test_an_open_file_is_closed_with_a_warning(path, lines, mode):
    key = load_or_create(path)
    os.chmod(path, mode)
    assert load(path).seed == key.seed
    assert mode_of(path) == 0o600
    assert len(lines) == 1 and lines[0].startswith(f"warn {path} was open to other users")
    load(path)
    assert len(lines) == 1


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_closed_file_is_left_as_it_is(path, lines, mode):
    load_or_create(path)
    os.chmod(path, mode)
    load(path)
    assert mode_of(path) == mode and lines == []


def test_a_file_that_cannot_be_closed_stops_the_node(path, monkeypatch):
    load_or_create(path)
    os.chmod(path, 0o644)

    def refuse(*_args):
        raise PermissionError(errno.EPERM, "no modes on this file system")

    monkeypatch.setattr(os, "chmod", refuse)
    with pytest.raises(LocalError, match="cannot make private"):
        load(path)


def test_a_foreign_file_is_not_even_closed(path, lines):
    with open(path, "wb") as file:
        file.write(vectors.ECDSA_PRIVATE)
    os.chmod(path, 0o644)
    with pytest.raises(LocalError, match="not Ed25519"):
        load_or_create(path)
    assert mode_of(path) == 0o644 and lines == []


def test_an_unreadable_file_is_not_taken_for_none(path, monkeypatch):
    key = load_or_create(path)

    def refuse(*_args):
        raise PermissionError(errno.EACCES, "not yours")

    with monkeypatch.context() as patch:
        patch.setattr("builtins.open", refuse)
        with pytest.raises(LocalError, match="permission denied; become the owner"):
            load_or_create(path)
    assert load(path).seed == key.seed


def test_a_full_disk_leaves_no_half_identity(path, monkeypatch):
    def full(*_args):
        raise OSError(errno.ENOSPC, "full")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(LocalError, match="disk is full"):
            load_or_create(path)
    assert os.listdir(os.path.dirname(path)) == []


def _start(path, gate, results):
    gate.wait()
    results.put(load_or_create(path).seed)


def test_nodes_that_start_at_once_share_one_identity(path):
    spawn = multiprocessing.get_context("spawn")
    gate, results = spawn.Barrier(4), spawn.Queue()
    nodes = [spawn.Process(target=_start, args=(path, gate, results)) for _ in range(4)]
    for node in nodes:
        node.start()
    seeds = {results.get(timeout=60) for _ in nodes}
    for node in nodes:
        node.join()
    assert seeds == {load(path).seed}
    assert os.listdir(os.path.dirname(path)) == ["identity.key"]
