"""A disk with a volatile write cache, served to QEMU over NBD, that loses power like a real one.

    guest -> ext4 -> virtio-blk -> QEMU -> NBD, a Unix socket -> Disk
                                                                 cache: what was written since
                                                                 medium: what was flushed, or FUA

Power gone, each sector of the cache is on the medium or is not: by seed all are, none is, all up
to one moment, or each by chance, older contents of a sector included.  A sector is never torn.
A flush is all that makes a write last, as on disks and cards that keep their word.
"""

import random
import socket
import struct
import threading
from pathlib import Path

SECTOR = 512
WAYS = ("none", "all", "until", "scattered")  # which of the cache is on the medium after a cut

# NBD, fixed newstyle (doc/proto.md of the NBD project)
_HELLO = b"NBDMAGICIHAVEOPT"
_OPTION_MAGIC = b"IHAVEOPT"
_OPTION_REPLY = 0x3E889045565A9
_OPTION_GO = 7
_ACK, _INFO, _UNSUPPORTED = 1, 3, 0x80000001
_REQUEST, _REPLY = 0x25609513, 0x67446698
READ, WRITE, DISCONNECT, FLUSH = 0, 1, 2, 3
_HAS_FLAGS, _SEND_FLUSH, _SEND_FUA = 1, 4, 8
_FUA = 1  # of a request
_INVALID = 22


class Disk:
    """``medium`` is what is left without power; the cache holds each sector's later contents."""

    def __init__(self, medium: bytes) -> None:
        self.medium = bytearray(medium)
        self.seen = bytearray(medium)  # what reads give: medium and cache together
        self.cache: dict[int, list[tuple[int, bytes]]] = {}  # sector -> (number of write, content)
        self.written = 0  # writes since the last cut
        self.flushes = 0
        self.bytes_written = 0

    def read(self, offset: int, size: int) -> bytes:
        return bytes(self.seen[offset : offset + size])

    def write(self, offset: int, data: bytes, force: bool = False) -> None:
        """``force``: on the medium when this returns, whatever else is in the cache (FUA)."""
        self.written += 1
        self.bytes_written += len(data)
        self.seen[offset : offset + len(data)] = data
        if force:
            self.medium[offset : offset + len(data)] = data
        for start in range(0, len(data), SECTOR):
            sector = (offset + start) // SECTOR
            if force:
                self.cache.pop(sector, None)
            else:
                content = data[start : start + SECTOR]
                self.cache.setdefault(sector, []).append((self.written, content))

    def flush(self) -> None:
        self.flushes += 1
        for sector, contents in self.cache.items():
            self._settle(sector, contents[-1][1])
        self.cache.clear()

    def cut(self, chance: random.Random) -> str:
        """The power is gone; which way it went."""
        way = chance.choice(WAYS)
        until = chance.randrange(self.written + 1)
        for sector in sorted(self.cache):
            contents = self.cache[sector]
            count = len(contents)
            if way == "none":
                count = 0
            elif way == "until":
                count = len([number for number, _ in contents if number <= until])
            elif way == "scattered":
                count = chance.randrange(count + 1)
            if count:
                self._settle(sector, contents[count - 1][1])
            start = sector * SECTOR
            self.seen[start : start + SECTOR] = self.medium[start : start + SECTOR]
        self.cache.clear()
        self.written = 0
        return way

    def _settle(self, sector: int, content: bytes) -> None:
        self.medium[sector * SECTOR : (sector + 1) * SECTOR] = content


class Server:
    """Serves a disk on ``path`` to one client after the other, in a thread."""

    def __init__(self, disk: Disk, path: Path) -> None:
        self.disk = disk
        self.stop_after = 0  # requests that change something; 0: never
        self.stopped = threading.Event()  # by stop_after
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(path))
        self._listener.listen(1)
        self._thread: threading.Thread | None = None

    def serve_next(self) -> None:
        """Serve whoever connects next."""
        self.stopped.clear()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def wait(self, timeout_s: float) -> None:
        """Until the client is gone and all it said has been done."""
        self._thread.join(timeout_s)
        if self._thread.is_alive():
            raise TimeoutError("the disk's client does not leave")

    def close(self) -> None:
        self._listener.close()

    def _serve(self) -> None:
        connection = self._listener.accept()[0]
        try:
            with connection, connection.makefile("rwb") as link:
                if self._greet(link):
                    while self._answer(link):
                        pass
        except (ConnectionError, EOFError):
            pass

    def _greet(self, link) -> bool:
        link.write(_HELLO + struct.pack(">H", 3))  # fixed newstyle, no zeroes
        link.flush()
        _take(link, 4)
        while True:
            magic, option, size = struct.unpack(">8sII", _take(link, 16))
            _take(link, size)
            assert magic == _OPTION_MAGIC, magic
            head = struct.pack(">QI", _OPTION_REPLY, option)
            if option != _OPTION_GO:
                link.write(head + struct.pack(">II", _UNSUPPORTED, 0))
                link.flush()
                continue
            flags = _HAS_FLAGS | _SEND_FLUSH | _SEND_FUA
            export = struct.pack(">HQH", 0, len(self.disk.medium), flags)
            link.write(head + struct.pack(">II", _INFO, len(export)) + export)
            link.write(head + struct.pack(">II", _ACK, 0))
            link.flush()
            return True

    def _answer(self, link) -> bool:
        magic, flags, kind, handle, offset, size = struct.unpack(">IHHQQI", _take(link, 28))
        assert magic == _REQUEST, magic
        data, error = _take(link, size) if kind == WRITE else b"", 0
        if kind == DISCONNECT:
            return False
        if not self._has_power(kind):
            return True  # no answer: were it hung up on, QEMU would come back
        if kind == READ:
            data = self.disk.read(offset, size)
        elif kind == WRITE:
            self.disk.write(offset, data, bool(flags & _FUA))
        elif kind == FLUSH:
            self.disk.flush()
        else:
            error = _INVALID
        link.write(struct.pack(">IIQ", _REPLY, error, handle) + (data if kind == READ else b""))
        link.flush()
        return True

    def _has_power(self, kind: int) -> bool:
        if kind == READ or not self.stop_after:
            return not self.stopped.is_set()
        self.stop_after -= 1
        if not self.stop_after:
            self.stopped.set()
        return not self.stopped.is_set()


def _take(link, size: int) -> bytes:
    data = link.read(size)
    if len(data) < size:
        raise EOFError
    return data
