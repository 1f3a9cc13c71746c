"""The guest: Debian's kernel and a root of Python and busybox, built once and kept in the cache.

    guest/vmlinuz, virtio_blk.ko    of Debian's kernel for clouds; ext4 and the console are in it
    guest/root.cpio                 Python, its standard library compiled, busybox
    guest/packages.txt              what it is made of, with the SHA-256 of each package

Packages come out of the signed archive (tools/debian.py).  The archive keeps only the newest of
each, so their hashes cannot be fixed here; they are written down instead.  What the guest is to run
is added as a second, small cpio, so that a changed store costs no new image.
"""

import hashlib
import lzma
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tools import Missing, cache, debian, say

KERNEL = "linux-image-cloud-amd64"
PACKAGES = ("busybox-static", "libpython3-stdlib", "python3-minimal")
LEFT_OUT = (  # what Python and busybox do without, beside all of /usr/share and /etc
    "debconf", "dpkg_", "libdb5", "linux-image", "media-types", "netbase", "openssl-provider",
    "readline", "tar_", "tzdata",
)  # fmt: skip
UNUSED = (
    "usr/share", "etc", "usr/lib/x86_64-linux-gnu/gconv", "usr/lib/x86_64-linux-gnu/libc_malloc*",
    "usr/lib/python3.*/test", "usr/lib/python3.*/unittest", "usr/lib/python3.*/pydoc_data",
    "usr/lib/python3.*/_pyrepl", "usr/lib/python3.*/turtle*", "usr/lib/valgrind",
)  # fmt: skip
LAYOUT = 1  # of what is built; a new number builds it anew
MODULE = "virtio_blk.ko"
EMPTY_FOLDERS = ("dev", "disk", "proc", "sys", "tmp")
BLOCK = 512  # a cpio ends on a whole one, so that another can follow it


def find() -> Path:
    """The folder with the guest; built on first need."""
    if debian.architecture() != "amd64":
        raise Missing("the guest of tests/power is built on Debian for amd64")
    folder = cache() / f"power-guest-{LAYOUT}"
    if not (folder / "packages.txt").exists():
        say(f"building a guest for power cuts in {folder} (55 MB are fetched)")
        _build(folder)
    return folder


def _build(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    archive = debian.Archive(folder / "apt", "amd64")
    kernel = archive.download_alone(archive.depends(KERNEL)[0])
    packages = [kernel, *archive.download(*PACKAGES)]
    root = folder / "root"
    for package in packages:
        if not package.name.startswith(LEFT_OUT):
            debian.unpack(package, root)
    debian.unpack(kernel, folder / "kernel")
    shutil.copy(next(folder.glob("kernel/boot/vmlinuz-*")), folder / "vmlinuz")
    packed = next(folder.glob(f"kernel/usr/lib/modules/*/kernel/drivers/block/{MODULE}.xz"))
    (folder / MODULE).write_bytes(lzma.decompress(packed.read_bytes()))
    _trim(root)
    _compile(root)
    (folder / "root.cpio").write_bytes(b"".join(pack(root)))
    lines = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}" for path in packages]
    archive.close()
    shutil.rmtree(root)
    shutil.rmtree(folder / "kernel")
    (folder / "packages.txt").write_text("\n".join(lines) + "\n")  # last: now it is complete


def _trim(root: Path) -> None:
    for pattern in UNUSED:
        for path in root.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for name in EMPTY_FOLDERS:
        (root / name).mkdir()
    for name in ("bin", "lib", "lib64"):
        if not (root / name).exists():
            (root / name).symlink_to("usr/" + name)


def _compile(root: Path) -> None:
    """Compile the standard library with the guest's own Python, which runs here as well."""
    libraries = root / "usr/lib/x86_64-linux-gnu"
    python = next((root / "usr/bin").glob("python3.*"))
    standard = next((root / "usr/lib").glob("python3.*"))
    command = [libraries / "ld-linux-x86-64.so.2", "--library-path", libraries, python]
    command += ["-S", "-m", "compileall", "-q", "-s", root, standard]
    environment = {"PYTHONHOME": str(root / "usr")}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise Missing(f"the guest's Python does not run here: {done.stderr[-400:]}")


# -- cpio, the form the kernel unpacks ("newc" of cpio(5))


def pack(root: Path) -> Iterator[bytes]:
    """All files under ``root`` as one archive."""
    paths = sorted(root.rglob("*"))
    yield from archive([(path.relative_to(root).as_posix(), *_read(path)) for path in paths])


def archive(entries: list[tuple[str, int, bytes]]) -> Iterator[bytes]:
    """(name, mode, content) of each file."""
    size = 0
    for number, (name, mode, content) in enumerate([*entries, ("TRAILER!!!", 0, b"")], 1):
        encoded = name.encode() + b"\0"
        fields = (number, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(encoded), 0)
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + encoded
        entry = head + bytes(-len(head) % 4) + content + bytes(-len(content) % 4)
        size += len(entry)
        yield entry
    yield bytes(-size % BLOCK)


def _read(path: Path) -> tuple[int, bytes]:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return mode, str(path.readlink()).encode()
    return mode, b"" if stat.S_ISDIR(mode) else path.read_bytes()
