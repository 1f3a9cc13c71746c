"""Linked into one file, a program still does the same; run on CPython before and after."""

import re
from pathlib import Path

import pytest

from tests.tools.test_minify import output
from tools.chip.minify import minify

START = {"main.py": "import program\nprogram.main([1])\n"}
MAIN = "program.py"
OPENED = "rooms/opened.py"
PROGRAM = {
    "rooms/__init__.py": '''
"""A door that opens files by name."""
from system import clock
PATHS = {"opened": "rooms.opened", "rare": "rooms.rare"}
def enter(name):
    return __import__(PATHS[name], None, None, ("Room",)).Room(clock.now())
class RoomError(ValueError):
    pass
''',
    "system/__init__.py": "",
    "system/clock.py": '''
from system import ticks as source
from system.ticks import START
_last = START
def now():
    """Counts."""
    global _last
    _last += source.STEP[0]
    return _last
''',
    "system/ticks.py": "START = 5\nTWICE = 2 * START\nSTEP = [1]\n",
    "rooms/opened.py": '''
from rooms import RoomError
from system import clock, ticks
from system.ticks import TWICE
import binascii
class Room:
    size = ticks.STEP[0] + TWICE // 10
    now = staticmethod(lambda: "own")
    def __init__(self, when):
        self.when = when
    def look(self, step=ticks.STEP):
        ticks = [binascii for binascii in range(self.size)]
        return self.when, self.now(), clock.now(), ticks, binascii.hexlify(b"a")
    def fail(self):
        def inner(RoomError):
            return RoomError
        raise RoomError(inner("lost"))
''',
    "rooms/rare.py": '''
from rooms import RoomError
from system import clock
class Room:
    def __init__(self, when):
        self.when = when
    def look(self):
        from system.ticks import START
        now = clock.now
        return self.when, now(), START, RoomError.__name__
''',
    "own.py": "def name():\n    return __name__\n",
    MAIN: '''
"""Where it starts."""
import own
from rooms import RoomError, enter
from rooms.words import Pair, table
from system import clock

def look(name):
    print(enter(name).look(), type(RoomError("x")).__name__)

def main(list):
    from rooms.late import late
    print(late(list), own.name(), [enter for enter in "ab"])
    print(table(), hasattr(Pair(1, 2), "left"))
    print({now: clock for now, clock in [(1, 2)]})
    look("opened")
    look("rare")
    try:
        enter("opened").fail()
    except RoomError as lost:
        print(repr(lost), clock.now())
''',
    "rooms/words.py": '''
from collections import namedtuple
Pair = namedtuple("Pair", ("left", "right"))
_SIZE = [3]
class Cup:
    kind = "cup"
    def __init__(self, colour, size=_SIZE):
        self.colour = colour
        self.size_in_dl = size
    def fill(self, drink):
        self.drink = drink
        return self
    def describe(self):
        return self.colour, self.size_in_dl, self.drink, self.kind
class Mug(Cup):
    def describe(self):
        return ("a mug with a handle", self.handle(), super().describe())
    def handle(self):
        return "of clay: {}".format(self.colour)
class Spoon:
    def __init__(self, length):
        self.length = length
        self.material = [self.measure]
    def measure(self):
        return f"a spoon {self.length} cm long", self.material[0] == self.measure, self.owner
def table():
    spoon = Spoon(7)
    spoon.owner = Pair(left=1, right=2).left
    try:
        raise ValueError("there is no tea, {}".format("sorry"))
    except ValueError as error:
        return Mug("red").fill("tea").describe(), spoon.measure(), str(error)
''',
    "rooms/late.py": "from system.clock import now as when\ndef late(x):\n    return x, when()\n",
}  # fmt: skip


@pytest.fixture(scope="module", params=[[OPENED], []], ids=["opened", "not opened"])
def linked(request: pytest.FixtureRequest) -> dict[str, str]:
    return minify(PROGRAM, {MAIN}, MAIN, request.param)


def test_it_prints_the_same(linked, tmp_path: Path):
    before = output(tmp_path / "before", {**PROGRAM, **START})
    assert "RoomError('lost') 12" in before and "own" in before
    assert output(tmp_path / "after", {**linked, **START}) == before


def test_what_is_always_loaded_is_one_file(linked):
    assert not linked.keys() & {"rooms/__init__.py", "system/clock.py", "system/ticks.py"}
    assert "import own" in linked[MAIN] and "from system" not in linked[MAIN]
    assert "TWICE" not in linked[MAIN] and "= 10" not in linked[MAIN]


def test_rare_code_stays_apart_and_takes_what_it_uses(linked):
    assert "class" in linked["rooms/rare.py"]
    assert linked["rooms/late.py"].startswith("from program import ")


def test_a_door_finds_what_it_opens_by_name():
    small = minify(PROGRAM, {MAIN}, MAIN, [OPENED])
    assert OPENED not in small and "{'rooms.opened': Room}" in small[MAIN]
    assert small["rooms/rare.py"].count("class") == 1


def test_a_file_that_asks_for_its_name_stays_apart(linked):
    assert "__name__" in linked["own.py"]


def test_names_that_are_shown_or_called_from_outside_stay(linked):
    assert "class RoomError(" in linked[MAIN] and "def main(" in linked[MAIN]


def test_few_words_serve_all(linked):
    text = linked[MAIN]
    for word in ("colour", "size_in_dl", "describe", "material", "measure", "length"):
        assert word not in text.replace("a spoon {self.", ""), word
    for word in ("owner", "kind", "left", "right"):  # from outside, of the class, in a text
        assert word in text, word


def test_sentences_are_one_text(linked):
    whole = re.search(
        r"^(\w+) = 'a mug with a handleof clay: {}there is no tea, {}'$", linked[MAIN], re.M
    )
    assert whole and f"ValueError({whole[1]}[30:49].format('sorry'))" in linked[MAIN]


def test_a_module_as_a_value_is_refused():
    with pytest.raises(ValueError, match="a module as a value, clock"):
        minify({**PROGRAM, MAIN: "from system import clock\nprint(clock)"}, {MAIN}, MAIN)
