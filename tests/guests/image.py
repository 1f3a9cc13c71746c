"""Guests: Debian's kernel and a root of Python and busybox, built once and kept in the cache.

    NAME/vmlinuz, *.ko     the kernel, and the modules of it that are asked for
    NAME/root.cpio         Python, its standard library compiled, busybox, further packages
    NAME/packages.txt      what it is made of, with the SHA-256 of each package

Packages come out of the signed archive (tools/debian.py).  The archive keeps only the newest of
each, so their hashes cannot be fixed here; they are written down instead.  What the guest is to run
is added as a second, small cpio, so that a changed program costs no new image.
"""

import hashlib
import lzma
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.guests import cpio
from tools import Missing, cache, debian, say

PACKAGES = ("busybox-static", "libpython3-stdlib", "python3-minimal")
LEFT_OUT = (  # what Python and busybox do without, beside all of /usr/share and /etc
    "debconf", "dpkg_", "libdb5", "linux-image", "media-types", "mount_", "netbase",
    "openssl-provider", "python3-bcrypt", "readline", "systemd_", "tar_", "tzdata",
)  # fmt: skip
UNUSED = (
    "usr/share", "etc", "usr/lib/x86_64-linux-gnu/gconv", "usr/lib/x86_64-linux-gnu/libc_malloc*",
    "usr/lib/python3.*/test", "usr/lib/python3.*/unittest", "usr/lib/python3.*/pydoc_data",
    "usr/lib/python3.*/_pyrepl", "usr/lib/python3.*/turtle*", "usr/lib/valgrind",
    "usr/lib/udev/hwdb.d",
)  # fmt: skip
EMPTY_FOLDERS = ("dev", "disk", "proc", "run", "sys", "tmp")


@dataclass(frozen=True)
class Recipe:
    """What a guest is made of."""

    name: str  # of the folder in the cache; another one where the recipe changes
    kernel: str  # the package that depends on the newest one
    modules: tuple[str, ...]  # where they lie under kernel/, without .ko
    packages: tuple[str, ...] = ()  # beside PACKAGES
    fetched_mb: int = 0


def find(recipe: Recipe) -> Path:
    """The folder with the guest; built on first need."""
    if debian.architecture() != "amd64":
        raise Missing("guests are built on Debian for amd64")
    folder = cache() / recipe.name
    if not (folder / "packages.txt").exists():
        say(f"building a guest in {folder} ({recipe.fetched_mb} MB are fetched)")
        _build(recipe, folder)
    return folder


def _build(recipe: Recipe, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    archive = debian.Archive(folder / "apt", "amd64")
    kernel = archive.download_alone(archive.depends(recipe.kernel)[0])
    packages = [kernel, *archive.download(*PACKAGES, *recipe.packages)]
    root = folder / "root"
    for package in packages:
        if not package.name.startswith(LEFT_OUT):
            debian.unpack(package, root)
    _unpack_kernel(recipe, kernel, folder)
    _trim(root)
    _compile(root)
    (folder / "root.cpio").write_bytes(b"".join(cpio.pack(root)))
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}" for path in packages]
    archive.close()
    shutil.rmtree(root)
    (folder / "packages.txt").write_text("\n".join(lines) + "\n")  # last: now it is complete


def _unpack_kernel(recipe: Recipe, package: Path, folder: Path) -> None:
    """Only what is wanted of it: all of it are some hundred megabytes."""
    wanted = [f"*/kernel/{module}.ko.xz" for module in recipe.modules]
    unpacked = folder / "kernel"
    debian.unpack(package, unpacked, "./boot/vmlinuz-*", *wanted)
    shutil.copy(next(unpacked.glob("boot/vmlinuz-*")), folder / "vmlinuz")
    for module in recipe.modules:
        packed = next(unpacked.glob(f"usr/lib/modules/*/kernel/{module}.ko.xz"))
        (folder / packed.stem).write_bytes(lzma.decompress(packed.read_bytes()))
    shutil.rmtree(unpacked)


def _trim(root: Path) -> None:
    for pattern in UNUSED:
        for path in root.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for name in EMPTY_FOLDERS:
        (root / name).mkdir(exist_ok=True)
    for name in ("bin", "lib", "lib64"):
        if not (root / name).exists():
            (root / name).symlink_to("usr/" + name)


def _compile(root: Path) -> None:
    """Compile the standard library with the guest's own Python, which runs here as well."""
    libraries = root / "usr/lib/x86_64-linux-gnu"
    python = next((root / "usr/bin").glob("python3.*"))
    sources = [*(root / "usr/lib").glob("python3.*"), *(root / "usr/lib").glob("python3/dist-*")]
    command = [libraries / "ld-linux-x86-64.so.2", "--library-path", libraries, python]
    command += ["-S", "-m", "compileall", "-q", "-s", root, *sources]
    environment = {"PYTHONHOME": str(root / "usr")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise Missing(f"the guest's Python does not run here: {done.stderr[-400:]}")
