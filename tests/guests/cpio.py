"""Archives as the kernel unpacks them into its first root ("newc" of cpio(5))."""

import stat
from collections.abc import Iterator
from pathlib import Path

BLOCK = 512  # an archive ends on a whole one, so that another can follow it


def pack(root: Path) -> Iterator[bytes]:
    """All files under ``root`` as one archive."""
    paths = sorted(root.rglob("*"))
    yield from archive([(path.relative_to(root).as_posix(), *_read(path)) for path in paths])


def pack_files(files: dict[str, bytes]) -> bytes:
    """``files``, path -> content, and the folders they lie in; what is named init may be run."""
    entries = [
        (path, 0o040755, b"") if data is None else (path, _mode(path), data)
        for path, data in with_folders(files)
    ]
    return b"".join(archive(entries))


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


def with_folders(files: dict[str, bytes]) -> list[tuple[str, bytes | None]]:
    """``files`` after the folders they lie in; a folder has no content."""
    folders = {parent for path in files for parent in Path(path).parents if parent.name}
    ordered = sorted(folders, key=lambda folder: len(folder.parts))
    return [(folder.as_posix(), None) for folder in ordered] + list(files.items())


def _mode(path: str) -> int:
    return 0o100755 if path == "init" else 0o100644


def _read(path: Path) -> tuple[int, bytes]:
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return mode, str(path.readlink()).encode()
    return mode, b"" if stat.S_ISDIR(mode) else path.read_bytes()
