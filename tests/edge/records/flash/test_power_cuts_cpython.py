"""Power cuts at every operation of a log whose medium reorders, and mutants that they catch."""

import pytest

from edge.errors import EdgeError
from edge.records.flash import recovery, segment
from edge.records.flash.log import Log
from tests.edge.records.flash import harness
from tests.edge.records.flash.cut_medium import MODES, CutMedium
from tests.edge.records.flash.harness import History, Promise, check, opened, work

OPERATIONS = 90


def cut_everywhere(group: int, ordered: bool, make=Log, modes=MODES, deaf: bool = False) -> int:
    """Cut at every operation, in every mode; how many cut points there were."""
    whole, history = CutMedium(), History(OPERATIONS)
    work(opened(whole, ordered, make), history, group)
    check(CutMedium(whole.after("kept", 1)), history, ordered)  # a mutant works while power lasts
    for cut in range(whole.count):
        medium, history = CutMedium(cut=cut), History(OPERATIONS)
        medium.is_deaf = deaf
        try:
            work(opened(medium, ordered, make), history, group)
        except EdgeError:
            pass
        for mode in modes:
            for seed in range(2 if mode in ("reordered", "garbage") else 1):
                after = CutMedium(medium.after(mode, cut * 7 + seed + 1))
                try:
                    check(after, history, ordered)
                except Promise as broken:
                    raise Promise(f"cut {cut} {mode} {seed}: {broken}") from None
    return whole.count


@pytest.mark.parametrize(("group", "ordered"), [(1, False), (5, False), (5, True)])
def test_every_operation_is_a_cut_point(group: int, ordered: bool):
    assert cut_everywhere(group, ordered) > 100


def test_two_cuts():
    """The second one while the log that was cut goes on."""
    for first in range(10, 190, 9):
        medium, history = CutMedium(cut=first), History(OPERATIONS)
        with pytest.raises(EdgeError):
            work(opened(medium), history, 1)
        files = medium.after("reordered", first)
        for second in range(0, 40, 3):
            medium = CutMedium(files, cut=second)
            again = History(OPERATIONS)
            again.acked, again.issued = history.acked, history.issued
            try:
                log = opened(medium)
                found = harness.contents(log)
                # what came through counts as if it had been acknowledged
                again.operations = [(key, found[key]) for key in sorted(found)]
                again.operations += [
                    (key, None) for key, _ in History(OPERATIONS).operations if key not in found
                ]
                again.acked = again.issued = len(again.operations)
                again.operations += History(40, seed=5).operations
                work(log, again, 1)
            except EdgeError:
                pass
            check(CutMedium(medium.after("garbage", second)), again)


def test_a_hint_and_a_cut():
    """Closed, opened from the hint, written on, cut: the end is found behind the hint."""
    for cut in range(0, 150, 2):
        medium, history = CutMedium(), History(OPERATIONS)
        history.operations = history.operations[:50]
        log = opened(medium)
        work(log, history, 1)
        recovery.write_hint(log)
        medium.cut = medium.count + cut
        history.operations = History(OPERATIONS).operations
        try:
            log = opened(medium)
            work(log, history, 1)
            recovery.write_hint(log)
        except EdgeError:
            pass
        for mode in MODES:
            check(CutMedium(medium.after(mode, cut + 1)), history)


class RemovesTooEarly(Log):
    def clean(self, found):
        for _ in self.copy(found):
            pass
        self.drop(found)
        self.medium.sync_names()


class RenamesOver(Log):
    """Writes what is live of a segment beside it and renames that over it."""

    def clean(self, found):
        data, places = b"", []
        for entry, record in self.live_of(found):
            places.append((entry, len(data)))
            data += segment.encode(record, found.salt, len(data))
        self.medium.create("tmp")
        self.medium.append("tmp", data)
        self.medium.sync("tmp")
        self.medium.close("tmp")
        self.medium.rename("tmp", found.name)
        for entry, offset in places:
            self.index.move(entry, found.slot << 20 | offset)
        self.total += len(data) - found.size
        found.size, found.removals = len(data), 0


class ForgetsNames(Log):
    def sync_medium(self, token):
        self.medium.sync(token[0].name)


@pytest.mark.parametrize("mutant", [RemovesTooEarly, RenamesOver, ForgetsNames])
def test_a_mutant_is_caught(mutant):
    with pytest.raises(Promise):
        cut_everywhere(1, False, mutant)


def test_a_mutant_that_does_not_flush_is_caught():
    with pytest.raises(Promise):
        cut_everywhere(1, False, deaf=True)


def test_a_mutant_with_a_wrong_crc_range_is_caught(monkeypatch):
    """Value left out of the CRC: half of it is taken for all."""
    crc32 = segment.crc32

    def of_the_header(data, before=0):
        return before if len(data) != segment.HEADER_BYTES - 5 else crc32(data, before)

    monkeypatch.setattr(segment, "crc32", of_the_header)
    with pytest.raises(Promise):
        cut_everywhere(1, False)
