"""What goes onto a chip: the files firmware/manifest.py lists, compiled for a family of boards."""

import tempfile
import tomllib
from pathlib import Path

from tools import ROOT
from tools.chip import compiler, heap, micropython
from tools.sources import relative

MANIFEST = ROOT / "firmware" / "manifest.py"
FAMILIES = ROOT / "boards" / "families"
OPTIMISE = 3  # no asserts, no line numbers


def listed() -> list[Path]:
    """The files the manifest lists, in its order."""
    files: list[Path] = []

    def package(name: str, names: tuple[str, ...], base_path: str, opt: int) -> None:
        base = (MANIFEST.parent / base_path).resolve()
        files.extend(base / name / file for file in names)

    exec(compile(MANIFEST.read_text("utf-8"), str(MANIFEST), "exec"), {"package": package})
    return files


def families() -> dict[str, dict[str, str]]:
    return {p.stem: tomllib.loads(p.read_text("utf-8")) for p in sorted(FAMILIES.glob("*.toml"))}


def build(family: str, out: Path) -> dict[str, int]:
    """Compile the manifest's files to ``out``; the size in bytes of each .mpy file."""
    files = listed()
    refused = compiler.compile_files(files, out, families()[family]["march"], OPTIMISE)
    if refused:
        raise ValueError("\n".join(f"{name}: {why}" for name, why in refused.items()))
    names = [relative(path.with_suffix(".mpy")) for path in files]
    return {name: (out / name).stat().st_size for name in names}


def weights() -> dict[str, int]:
    """Bytes of heap each of the manifest's modules takes on this machine's MicroPython."""
    program = micropython.find()
    names = [relative(path.with_suffix("")) for path in listed()]
    modules = [name.removesuffix("/__init__").replace("/", ".") for name in names]
    with tempfile.TemporaryDirectory() as folder:
        build("unix", Path(folder))
        return heap.weigh(program, Path(folder), modules)
