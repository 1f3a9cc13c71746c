"""Made small for a chip, a program still does the same; run on CPython before and after."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools.chip.minify import minify

MAIN = "main.py"

PROGRAM = {
    "room/__init__.py": '"""A door."""\n',
    "room/sizes.py": '''
"""Constants, and one that changes."""
from system import const
FRAME = 4
_HEADER = const(3)
WINDOW = FRAME * 16 + _HEADER
UNUSED = 5
CHANGES = 1
def change():
    global CHANGES
    CHANGES += 1
''',
    "system.py": "CHIP = False\ndef const(value): return value\n",
    "room/animal.py": '''
"""A class others inherit from."""
class Animal:
    """Has a private name its heirs use."""
    __slots__ = ("_name", "_noise", "weight")
    weight: int
    def __init__(self, name, weight):
        self._name = name
        self._noise = "..."
        self.weight = weight
    def say(self):
        return self._voice() + self._noise
    def _voice(self):
        return self._name
    def nobody_calls_this(self):
        return 1
''',
    "room/dog.py": '''
"""An heir in another file, with private names of its own."""
from room.animal import Animal
_LOUD = "WOOF"
class Dog(Animal):
    __slots__ = ("_age", "_own")
    def __init__(self, name, age=3, *, weight=1):
        super().__init__(name, weight)
        self._age = age
        self._own = []
    def _voice(self):
        self._own.append(_LOUD)
        return self._name + str(self._age) + _LOUD + str(len(self._own))
def unused_function():
    return _UNUSED_PRIVATE
_UNUSED_PRIVATE = 3
def use_each_other():
    return used_in_turn()
def used_in_turn() -> "NamedByAnnotation":
    return use_each_other()
class NamedByAnnotation:
    pass
''',
    "main.py": """
from collections import namedtuple
from room import sizes
from room.dog import Dog
from room.sizes import FRAME as frame_bytes, WINDOW

Point = namedtuple("Point", "left right")

def outer(first, second=WINDOW):
    def inner(third, first=first):
        return first + second + third
    return inner(1), [first for second in range(2)]

def failing(error, data):
    try:
        return data[error]
    except KeyError as error:
        return repr(error)

def scoped(count):
    def step():
        nonlocal count
        count += 1
        return count
    return step() + step()

dog = Dog("rex", weight=7)
print(dog.say(), dog.say(), dog.weight, Dog("x", age=9).say())
print(sizes.FRAME, frame_bytes, WINDOW, sizes.CHANGES)
sizes.change()
print(sizes.CHANGES)
print(outer(1), outer(1, second=2), failing("a", {}), scoped(5))
print(Point(left=1, right=2)._replace(left=3))
if WINDOW > 3 and not sizes.FRAME == 4:
    print("never")
print("seen" if sizes.FRAME else "unseen")
""",
}


def output(folder: Path, files: dict[str, str]) -> str:
    """What the program prints."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    command = [sys.executable, MAIN]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def small() -> dict[str, str]:
    return minify(PROGRAM, {MAIN})


def test_it_prints_the_same(small, tmp_path: Path):
    before = output(tmp_path / "before", PROGRAM)
    assert "rex3WOOF1... rex3WOOF2... 7 x9WOOF1..." in before
    assert output(tmp_path / "after", small) == before
    assert sum(map(len, small.values())) < sum(map(len, PROGRAM.values())) * 3 / 4


def test_a_private_name_is_as_short_in_every_file_of_the_family(small):
    parent, heir = small["room/animal.py"], small["room/dog.py"]
    name = re.search(r"self\.(\w+) = a\n", parent)[1]
    assert len(name) == 2 and f"self.{name} + str(" in heir
    voice = re.search(r"return self\.(\w+)\(\)", parent)[1]
    assert len(voice) == 2 and f"def {voice}(self)" in parent and f"def {voice}(self)" in heir
    own = set(re.findall(r"self\.(_\w+) = ", heir))
    assert len(own) == 2 and not own & set(re.findall(r"self\.(_\w+)", parent))


def test_what_a_caller_spells_keeps_its_name(small):
    assert "age=3, *, weight=1" in small["room/dog.py"]
    assert "second=" in small["main.py"] and "left=1" in small["main.py"]


def test_names_of_others_keep_theirs(small):
    assert "._replace(left=3)" in small["main.py"]
    assert "__init__" in small["room/dog.py"]


def test_what_nobody_uses_is_gone_and_nothing_else(small):
    everything = "".join(small.values())
    gone = ("UNUSED", "nobody_calls_this", "__slots__", "weight: int", "private name")
    for name in (*gone, "use_each_other", "used_in_turn", "NamedByAnnotation"):
        assert name not in everything, name
    assert "def change" in small["room/sizes.py"]
    assert "CHANGES = 1" in small["room/sizes.py"]


def test_constants_are_where_they_are_read(small):
    assert "print(4, 4, 67, sizes.CHANGES)" in small["main.py"]
    assert "unseen" not in small["main.py"]


def one(text: str) -> str:
    return minify({MAIN: text}, {MAIN})[MAIN].strip()


@pytest.mark.parametrize(
    "text",
    [
        "def f(first):\n    from os import path as first\n    return first",
        "def f():\n    global second\n    second = 1",
        "def f(first):\n\n    class first:\n        pass",
        "value = thing._private",
        "def f(_hidden):\n    return self._hidden",
        "getattr(thing, '_shown')\nthing._shown = 1",
        "A = B = 1\nprint(B)",
    ],
)
def test_what_it_must_not_touch_stays(text: str):
    kept = ("first", "second", "_private", "_hidden", "_shown", "A = B")
    for name in kept:
        if name in text:
            assert name in one(text), one(text)


def test_a_branch_that_cannot_be_is_left_out():
    text = "CHIP = True\nif CHIP:\n    a()\nelse:\n    b()\nwhile CHIP:\n    c()"
    assert "b()" not in one(text) and "a()" in one(text) and "while True" in one(text)
    assert one("CHIP = True\nif not CHIP:\n    b()") == "CHIP = True\npass"
