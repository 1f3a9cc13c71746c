"""A file with room ahead: what is read, what is left of it, and where there are no holes."""

import os
from pathlib import Path

import pytest

from edge.errors import LinkError
from edge.records.flash.medium_posix import ROOM_BYTES, RoomyMedium
from edge.records.stores.flash import FlashStore, open_medium
from edge.system import files
from tests.contract.judges import OWN, FakeJudge, key_of, record

NAME = "00000001.seg"


@pytest.fixture
def medium(tmp_path: Path) -> RoomyMedium:
    made = open_medium(str(tmp_path))
    assert isinstance(made, RoomyMedium)
    made.create(NAME)
    return made


def length(medium: RoomyMedium, tmp_path: Path) -> int:
    return (tmp_path / NAME).stat().st_size


def test_what_was_appended_is_all_that_is_seen(medium, tmp_path):
    medium.append(NAME, b"one ")
    medium.append(NAME, b"two")
    assert length(medium, tmp_path) == ROOM_BYTES
    assert medium.size(NAME) == 7
    assert medium.read(NAME, 0, 100) == b"one two" and medium.read(NAME, 4, 2) == b"tw"
    assert medium.read(NAME, 7, 5) == medium.read(NAME, 100, 5) == b""
    medium.append(NAME, bytes(ROOM_BYTES))
    assert length(medium, tmp_path) == 2 * ROOM_BYTES
    medium.sync(NAME)
    medium.close(NAME)
    assert length(medium, tmp_path) == medium.size(NAME) == ROOM_BYTES + 7


def test_a_file_system_without_holes_gets_none(medium, tmp_path, monkeypatch):
    monkeypatch.setattr(files, "make_hole", lambda file, size: False)
    medium.append(NAME, b"one")
    medium.append(NAME, b"two")
    assert length(medium, tmp_path) == 6 and medium.read(NAME, 0, 10) == b"onetwo"


def test_a_sync_that_fails_is_told(medium, monkeypatch):
    def fail(number: int) -> None:
        raise OSError(5, os.strerror(5))

    medium.append(NAME, b"one")
    monkeypatch.setattr(os, "fdatasync", fail, raising=False)
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(LinkError):
        medium.sync(NAME)
    medium.close(NAME)
    assert medium.size(NAME) == 3


async def test_a_hole_that_a_power_cut_has_left_is_no_damage(tmp_path):
    for version in range(1, 4):
        store = FlashStore(FakeJudge(), open_medium(str(tmp_path)), OWN)
        await store.start()
        assert store.status()["damaged"] == 0
        assert len(await store.keys()) == min(version - 1, 1)
        await store.put(key_of("a"), record(version))
        newest = max(tmp_path.glob("*.beg"))
        left = newest.read_bytes()  # as it is before it is closed
        await store.stop()
        for path in tmp_path.glob("*.hint"):
            path.unlink()
        assert len(left) == ROOM_BYTES > newest.stat().st_size
        newest.write_bytes(left)
