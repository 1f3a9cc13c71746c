"""The adversary is worth something: each of these broken sessions is found out by him."""

from collections.abc import Callable
from typing import Any

import pytest

from tests import kit
from tests.transports.link import test_adversary as ordeals
from tests.transports.link.adversary import STEPS_OF_A_SCRIPT, ordeal
from transports.link import frames, message, session
from transports.link.message import Report
from transports.link.receiver import Receiver
from transports.link.sender import Sender
from transports.link.session import Session

SCRIPTS = 500


def _no_sum(body: bytes, start: int) -> bool:
    return True


def _no_epoch(sender: int, receiver: int) -> int:
    return 1


def _no_upper_half(sequence: int, acknowledged: int, start: int) -> int:
    return start


def _accepts_again(self: Receiver, data: message.Data) -> bool:
    """Whatever begins where it has been before is new."""
    if data.payload and data.sequence <= self.expected:
        self._ready += data.payload
        self.expected = max(self.expected, data.sequence + len(data.payload))
    return True


def _believes(self: Sender, report: Report, now: int) -> bool:
    """An acknowledgement of what was not sent is one."""
    count = report.acknowledged - self.acknowledged
    del self._buffer[:count]
    self.acknowledged = self._fresh = report.acknowledged
    self._limit = report.acknowledged + report.credit * message.CREDIT_BYTES
    return self._resolve(report, now)


def _never_again(self: Sender, start: int, end: int) -> None:
    """What was lost is not sent again."""


def _keeps_all(self: frames.Reader, data: bytes) -> list[bytes]:
    chunks = (self.pending + bytes(data)).split(b"\0")
    self.pending = chunks.pop()
    return [chunk for chunk in chunks if chunk]


def _ignores_new_epochs(self: Session, kind: int, hello: message.Hello, now: int) -> None:
    if self.state != session.OPEN or hello.epoch == self.peer_epoch:
        _meet(self, kind, hello, now)


def _ignores_other_echoes(self: Session, kind: int, hello: message.Hello, now: int) -> None:
    if hello.echo in (0, self.epoch):
        _meet(self, kind, hello, now)


def _resumes_with_anybody(self: Session, kind: int, hello: message.Hello, now: int) -> None:
    """A peer that lost its memory goes on where the last one was."""
    if self.state == session.OPEN and hello.epoch not in (self.epoch, self.peer_epoch):
        self.peer_epoch = hello.epoch
        self._tag_in = message.tag(hello.epoch, self.epoch)
        self._tag_out = message.tag(self.epoch, hello.epoch)
    _meet(self, kind, hello, now)


def _says_hello_once(self: Session, kind: int) -> None:
    if not hasattr(self, "_has_said_hello"):
        self._has_said_hello = True
        _put_hello(self, kind)
    elif not self._out:
        self._out = [b"\0"]


_meet = Session._meet
_put_hello = Session._put_hello

MUTANTS: dict[str, tuple[Any, str, Callable]] = {
    "frames without sums": (message, "_intact", _no_sum),
    "sums without epochs": (message, "tag", _no_epoch),
    "sums without upper halves": (message, "_beginning", _no_upper_half),
    "replays are new": (Receiver, "accept", _accepts_again),
    "any acknowledgement is true": (Sender, "receive_report", _believes),
    "nothing is sent again": (Sender, "_repeat", _never_again),
    "a chunk of any length": (frames.Reader, "receive_data", _keeps_all),
    "a peer that started again is not heard": (Session, "_meet", _ignores_new_epochs),
    "a hello to somebody else is not answered": (Session, "_meet", _ignores_other_echoes),
    "a new peer goes on": (Session, "_meet", _resumes_with_anybody),
    "hello is said once": (Session, "_put_hello", _says_hello_once),
}


def _battery() -> None:
    ordeals.test_the_same_frames_65536_bytes_later_are_no_frames()
    ordeals.test_each_is_told_an_old_hello_and_takes_it_for_the_other()
    for seed in range(SCRIPTS):
        ordeal(kit.Rng(seed + 1).bytes(STEPS_OF_A_SCRIPT))


@pytest.mark.parametrize("name", MUTANTS)
def test_a_broken_session_is_found_out(monkeypatch: pytest.MonkeyPatch, name: str):
    monkeypatch.setattr(*MUTANTS[name])
    with pytest.raises(Exception) as caught:
        _battery()
    print(name, "->", caught.typename, caught.value)
