"""Which source files there are, and which of them both Pythons must run unchanged."""

from fnmatch import fnmatchcase
from pathlib import Path

from tools import ROOT

# Files of edge/ and transports/ that run on CPython alone; all others are shared.  A file that is
# one system's half of something says so in its name.
CPYTHON_ONLY = (
    "*_posix.py",
    "*_pyserial.py",
    "edge/__main__.py",
    "edge/cli/*",
    "edge/mdns/zeroconf.py",
    "edge/records/stores/s3*.py",
    "edge/system/primitives/openssl*.py",
    "transports/multicast/interfaces.py",
    "transports/multicast/netlink.py",
    "transports/traced.py",
)
# Files of tests/ that need CPython (pytest's fixtures, threads, subprocesses).
CPYTHON_ONLY_TESTS = (
    "*_cpython.py",
    "tests/bench/*",
    "tests/boards/*",
    "tests/conftest.py",
    "tests/drivers/*",
    "tests/edge/cli/*",
    "tests/fuzz/*",
    "tests/guests/*",
    "tests/interop/*",
    "tests/micropython/*",
    "tests/needs.py",
    "tests/power/*",
    "tests/sim/*",
    "tests/test_*",
    "tests/tools/*",
)


def python_files(*rooms: str) -> list[Path]:
    """Every .py file under the folders ``rooms`` of the repository, sorted."""
    files = [path for room in rooms for path in ROOT.glob(room + "/**/*.py")]
    return sorted(path for path in files if "__pycache__" not in path.parts)


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def shared() -> list[Path]:
    """The shared core: every file that CPython and MicroPython both run."""
    return [path for path in python_files("edge", "transports") if not _is(path, CPYTHON_ONLY)]


def shared_test_support() -> list[Path]:
    """What shared tests may import: kit.py, vectors, contract suites, and each other."""
    return [path for path in python_files("tests") if not _is(path, CPYTHON_ONLY_TESTS)]


def shared_tests() -> list[Path]:
    """The test files that both Pythons run."""
    return [path for path in shared_test_support() if path.name.startswith("test_")]


def _is(path: Path, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(relative(path), pattern) for pattern in patterns)
