"""Frames in a stream of bytes: COBS, and a zero byte after each.  Section 2 of README.md.

    00 | COBS(body, CRC-32) | 00 | COBS(body, CRC-32) | 00 ...

A zero is never inside a frame, so whatever came before, the next zero is a fresh start.  What
stands between two zeros and is no frame may be text: what the far board says on its console.
"""

from edge.system import const

PAYLOAD_BYTES_MAX = 1024  # of one frame
CHUNK_BYTES_MAX = 1088  # between two zeros: a frame, its header and what COBS adds
_RUN = const(254)


def encode(data: bytes) -> bytes:
    """``data`` without zeros, and one zero after it."""
    out = bytearray()
    for run in data.split(b"\0"):
        start = 0
        while len(run) - start >= _RUN:
            out.append(255)
            out += run[start : start + _RUN]
            start += _RUN
        out.append(len(run) - start + 1)
        out += run[start:]
    out.append(0)
    return bytes(out)


def decode(chunk: bytes) -> "bytes | None":
    """What was encoded; None if ``chunk`` is not COBS."""
    out = bytearray()
    position, size = 0, len(chunk)
    while position < size:
        code = chunk[position]
        end = position + code
        if not code or end > size:
            return None
        out += chunk[position + 1 : end]
        if code < 255 and end < size:
            out.append(0)
        position = end
    return bytes(out)


def is_text(chunk: bytes) -> bool:
    """Whether a console could have said it: UTF-8, no control codes but a console's."""
    for byte in chunk:
        if byte < 32 and byte not in b"\t\n\r\x1b\x08" or byte == 127:
            return False
    try:
        chunk.decode()
    except ValueError:
        return False
    return True


class Reader:
    """Cuts what arrives at its zeros."""

    def __init__(self) -> None:
        self.pending = b""  # since the last zero
        self.overlong = 0  # chunks that were too long to be frames

    def receive_data(self, data: "bytes | memoryview") -> "list[bytes]":
        """The chunks that end in ``data``: frames, text or noise.

        A chunk that outgrows every frame is given out in pieces.
        """
        chunks = (self.pending + bytes(data)).split(b"\0")
        self.pending = chunks.pop()
        if len(self.pending) > CHUNK_BYTES_MAX:
            self.overlong += 1
            chunks.append(self.take())
        return [chunk for chunk in chunks if chunk]

    def take(self) -> bytes:
        """What no zero has ended; for when nothing follows."""
        chunk, self.pending = self.pending, b""
        return chunk
