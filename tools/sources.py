"""Which source files there are, and which of them both Pythons must run unchanged."""

from fnmatch import fnmatchcase
from pathlib import Path

from tools import ROOT

# Files of edge/ and transports/ that run on CPython alone; all others are shared.  A file that is
# one system's half of something says so in its name.
CPYTHON_ONLY = (
    "*_posix.py",
    "edge/__main__.py",
    "edge/cli/*",
    "edge/mdns/zeroconf.py",
    "edge/system/primitives/openssl.py",
    "transports/interfaces.py",
    "transports/traced.py",
)
# Folders of tests/ whose tests need CPython (pytest, threads, subprocesses).
CPYTHON_TESTS = ("bench", "boards", "contract_cpython", "fuzz", "interop", "micropython", "tools")


def python_files(*rooms: str) -> list[Path]:
    """Every .py file under the folders ``rooms`` of the repository, sorted."""
    files = [path for room in rooms for path in ROOT.glob(room + "/**/*.py")]
    return sorted(path for path in files if "__pycache__" not in path.parts)


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def shared() -> list[Path]:
    """The shared core: every file that CPython and MicroPython both run."""
    return [path for path in python_files("edge", "transports") if not _cpython_only(path)]


def _cpython_only(path: Path) -> bool:
    return any(fnmatchcase(relative(path), pattern) for pattern in CPYTHON_ONLY)


def shared_tests() -> list[Path]:
    """The test files that both Pythons run."""
    return [path for path in python_files("tests") if _is_shared_test(path)]


def shared_test_support() -> list[Path]:
    """What shared tests may import: kit.py, vectors, contract suites, and each other."""
    return [
        path
        for path in python_files("tests")
        if path.relative_to(ROOT).parts[1] not in CPYTHON_TESTS
        and not path.stem.endswith("_cpython")
        and path.name not in ("conftest.py", "needs.py")
        and not (path.parent.name == "tests" and path.name.startswith("test_"))
    ]


def _is_shared_test(path: Path) -> bool:
    return path.name.startswith("test_") and path in shared_test_support()
