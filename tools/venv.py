"""The project's own Python environment: `.venv` with the project installed in place.

any python3 --> enter("dev") --> makes or mends .venv --> the same command line in .venv
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tools import ROOT, Missing, say

VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"


def enter(*extras: str) -> None:
    """Go on inside `.venv` with ``extras`` of pyproject.toml installed; returns once inside."""
    if not _runs(PYTHON):
        _make()
    _install(extras)
    if os.path.realpath(sys.prefix) != os.path.realpath(VENV):
        os.execv(PYTHON, [str(PYTHON), "-m", "tools", *sys.argv[1:]])


def _runs(python: Path) -> bool:
    """A .venv outlives the Python it was made from: upgraded away, or copied with the folder."""
    if not python.exists():
        return False
    probe = subprocess.run([python, "-c", "import pip, tools"], cwd=ROOT, capture_output=True)
    return probe.returncode == 0


def _make() -> None:
    if not importlib.util.find_spec("ensurepip"):
        raise Missing(
            f"this Python has no venv module: sudo apt install python3-venv "
            f"(or python3.{sys.version_info.minor}-venv), then try again"
        )
    say(f"making {VENV}")
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", VENV], capture_output=True, text=True
    )
    if made.returncode:
        shutil.rmtree(VENV, ignore_errors=True)
        raise Missing(f"cannot make {VENV}: {(made.stdout + made.stderr).strip()[-400:]}")


def _install(extras: tuple[str, ...]) -> None:
    """pip runs only when pyproject.toml changed since these extras were last installed."""
    asked = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    stamp = VENV / ("installed-" + "-".join(["edge", *sorted(extras)]))
    if stamp.exists() and stamp.read_text() == asked:
        return
    target = f"{ROOT}[{','.join(extras)}]" if extras else str(ROOT)
    say(f"installing libp2p-edge{target.removeprefix(str(ROOT))} into .venv (a minute at first)")
    pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if subprocess.run([*pip, "--editable", target], stdout=sys.stderr).returncode:
        raise Missing("pip could not install what is needed; its last lines say why")
    stamp.write_text(asked)
