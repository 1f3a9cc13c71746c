"""What goes onto a chip: the files firmware/manifest.py lists and its programs, made small,
compiled and packed.

The image is a ROMFS (MicroPython 1.25 and later): it lies in flash, and bytecode and texts are used
where they lie; only what changes takes heap.  The same files can be copied to a board one by one,
at about twice the heap.
"""

import ast
import tempfile
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tools import ROOT, Missing
from tools.chip import compiler, heap, micropython
from tools.chip.minify import minify
from tools.sources import relative

if TYPE_CHECKING:
    from mpremote.romfs import VfsRomWriter

FIRMWARE = ROOT / "firmware"
MANIFEST = FIRMWARE / "manifest.py"
PROGRAMS = ("leaf", "node", "sensor")  # there; main.py starts the one that is in the image
APPLICATION = "application.py"  # what one is for, by this name in its image ..
APPLICATIONS = {"node": "console.py", "sensor": "readings.py"}  # .. and if nothing else is said
CIPHERS = [  # loaded with the first handshake
    "edge.system.primitives." + name
    for name in ("pure_curve25519", "pure_hashes", "viper_chacha20poly1305", "viper_sha512")
]
OPENED = {  # what a program opens by name as it starts: linked into it
    "leaf": ("transports/tcp.py",),
    "node": (
        "edge/mdns/service.py",
        "edge/routing/joined.py",
        "edge/routing/kad/discovery/mdns.py",
        "edge/routing/kad/discovery/random_walk.py",
        "edge/routing/kad/routing.py",
        "edge/routing/mdns.py",
        "edge/swarm/dialing/keeper.py",
        "transports/tcp.py",
    ),
    "sensor": (
        "transports/serial/port_chip.py",
        "transports/serial/transport.py",
    ),
}
UNIX_ONLY = "_unix.py"  # how a file ends that a chip cannot load
BOOT = ROOT / "tests" / "micropython" / "rom.py"
ROM = "romfs.img"
FAMILIES = ROOT / "boards" / "families"
OPTIMISE = 3  # no asserts, no line numbers


class Options:
    """What a manifest may ask about, as MicroPython's own `options`."""

    def __init__(self, **chosen: str) -> None:
        self.__dict__.update(chosen)

    def defaults(self, **values: str) -> None:
        for name, value in values.items():
            self.__dict__.setdefault(name, value)


def listed(program: str) -> list[Path]:
    """The files the manifest lists for ``program``, in its order."""
    files: list[Path] = []

    def package(name: str, names: tuple[str, ...], base_path: str, opt: int) -> None:
        base = (MANIFEST.parent / base_path).resolve()
        files.extend(base / name / file for file in names)

    known = {"package": package, "options": Options(program=program)}
    exec(compile(MANIFEST.read_text("utf-8"), str(MANIFEST), "exec"), known)
    return files


def families() -> dict[str, dict[str, str]]:
    return {p.stem: tomllib.loads(p.read_text("utf-8")) for p in sorted(FAMILIES.glob("*.toml"))}


def build(
    family: str,
    out: Path,
    program: str = "leaf",
    application: Path | None = None,
    linked: bool = True,
) -> dict[str, int]:
    """Compile ``program`` to .mpy files in ``out``; the size in bytes of each."""
    sizes = {}
    with tempfile.TemporaryDirectory(prefix="edge-chip-") as folder:
        for name, text in _small(program, application, linked).items():
            if name.endswith(UNIX_ONLY) and family != "unix":
                continue
            source = Path(folder) / name
            source.parent.mkdir(parents=True, exist_ok=True)
            source.write_text(text, "utf-8")
            target = (out / name).with_suffix(".mpy")
            compiler.compile_one(source, target, families()[family]["march"], OPTIMISE, source.stem)
            sizes[target.relative_to(out).as_posix()] = target.stat().st_size
    return sizes


@cache  # it takes seconds, and is the same for every family
def _small(program: str, application: Path | None, linked: bool) -> dict[str, str]:
    """The source of ``program``, made small; by path."""
    files = {relative(path): path.read_text("utf-8") for path in listed(program)}
    main = program + ".py"
    roots = {main: (FIRMWARE / main).read_text("utf-8")}
    if program in APPLICATIONS:
        application = application or FIRMWARE / APPLICATIONS[program]
        roots[APPLICATION] = application.read_text("utf-8")
        files.update(_beside(roots[APPLICATION]))
    files.update(roots)
    return minify(files, set(roots), main if linked else "", OPENED[program])


def _beside(application: str) -> dict[str, str]:
    """What an application takes from other files of firmware/, and these from others."""
    found: dict[str, str] = {}
    for node in ast.parse(application).body:
        path = FIRMWARE / f"{getattr(node, 'module', '')}.py"
        if isinstance(node, ast.ImportFrom) and path.is_file():
            found[path.name] = path.read_text("utf-8")
            found.update(_beside(found[path.name]))
    return found


def build_rom(folder: Path, path: Path) -> int:
    """Pack the files of ``folder`` into a ROMFS image; its size in bytes."""
    try:
        from mpremote.romfs import VfsRomWriter
    except ImportError as missing:
        raise Missing("mpremote is not installed: python3 -m tools test installs it") from missing
    writer = VfsRomWriter()
    _pack(writer, folder)
    path.write_bytes(writer.finalise())
    return path.stat().st_size


def build_boot(folder: Path, march: str) -> None:
    """Put into ``folder`` what mounts an image on MicroPython's unix port: `-m rom IMAGE ...`."""
    compiler.compile_one(BOOT, folder / "rom.mpy", march, OPTIMISE, BOOT.stem)


def _pack(writer: "VfsRomWriter", folder: Path) -> None:
    for entry in sorted(folder.iterdir()):
        if entry.is_dir():
            writer.opendir(entry.name)
            _pack(writer, entry)
            writer.closedir()
        elif entry.suffix == ".mpy":
            writer.mkfile(entry.name, entry.read_bytes())


def weights(program: str = "leaf", linked: bool = True) -> dict[str, int]:
    """Bytes of heap each module of ``program`` takes on this machine's MicroPython."""
    with tempfile.TemporaryDirectory() as folder:
        build("unix", Path(folder), program, linked=linked)
        build_rom(Path(folder), Path(folder) / ROM)
        build_boot(Path(folder), families()["unix"]["march"])
        paths = [] if linked else OPENED[program]
        started = [program, *(path.removesuffix(".py").replace("/", ".") for path in paths)]
        if program in APPLICATIONS:
            started.append("application")
        if program == "sensor":
            started.append("edge.records.validators.edge")  # loaded with the first record
        return heap.weigh(micropython.find(), Path(folder) / ROM, [*started, *CIPHERS])
