"""What is said on a bus.  Section 3 of README.md.

    kind 1, to 1, from 1, numbers of the kind, rest, and the CRC-32 of it all

The rest of POLL, CARRY, LAST and FORWARD is a frame of the link protocol between two nodes, in COBS
without the zero after it; one byte 01, which is no such frame, says: I have no session with you.
"""

from binascii import crc32
from collections import namedtuple

from edge.system import const
from transports.link import frames, message

POLL = 7  # the floor is yours, for so many bytes
CARRY = 8  # a frame, and more follows from me
LAST = 9  # a frame or none, and I am done
FORWARD = 10  # a frame of another node, from the master
INVITE = 11  # who has no address yet, and drew a number that begins so?
JOIN = 12
ASSIGN = 13
LEAVE = 14  # I am done, for good
PRESENCE = 15  # who is here

EVERYONE = 0
NOBODY = 0
NODES_MAX = 32  # addresses are 1 to this
NAME_BYTES_MAX = 64
REFUSAL = b"\x01"
OVERHEAD_BYTES = 9  # of a CARRY around a link frame, the zero included
FRAME_BYTES_MAX = frames.CHUNK_BYTES_MAX + 1  # on the line, the zero included
_HEAD = const(3)
_SUM = const(4)
_ENTRY = const(6)

# Sizes of the numbers that follow the head.
_NUMBERS = {
    POLL: (2, 1, 2),  # reign, turn, credit
    CARRY: (),
    LAST: (1, 1),  # turn, whether more waits
    FORWARD: (),
    INVITE: (2, 1, 2),  # reign, depth, prefix
    JOIN: (4, 1),  # nonce, flags
    ASSIGN: (2, 4),  # reign, nonce
    LEAVE: (1,),  # turn
    PRESENCE: (2, 2, 2, 6, 4),  # reign, the one before, cycle in ms, time, addresses in use
}
MAY_LEAD = 1  # a flag of JOIN and of entries

Frame = namedtuple("Frame", ("kind", "to", "source", "numbers", "rest"))
Entry = namedtuple("Entry", ("address", "nonce", "flags", "name"))


def encode(frame: Frame) -> bytes:
    """As it goes over the line, the zero after it included."""
    body = bytes([frame.kind, frame.to, frame.source])
    for index, size in enumerate(_NUMBERS[frame.kind]):
        body += frame.numbers[index].to_bytes(size, "big")
    body += frame.rest
    return frames.encode(body + crc32(body).to_bytes(4, "big"))


def decode(chunk: bytes) -> "Frame | None":
    """The frame between two zeros; None if it is none of a bus, or damaged."""
    body = frames.decode(chunk)
    if not body or len(body) < _HEAD + _SUM:
        return None
    sizes = _NUMBERS.get(body[0])
    end = len(body) - _SUM
    if sizes is None or crc32(body[:end]) != int.from_bytes(body[end:], "big"):
        return None
    if body[1] > NODES_MAX or body[2] > NODES_MAX or end < _HEAD + sum(sizes):
        return None
    numbers, at = [], _HEAD
    for size in sizes:
        numbers.append(int.from_bytes(body[at : at + size], "big"))
        at += size
    return Frame(body[0], body[1], body[2], tuple(numbers), body[at:end])


def encode_entry(entry: Entry) -> bytes:
    head = bytes([entry.address]) + entry.nonce.to_bytes(4, "big")
    return head + bytes([entry.flags, len(entry.name)]) + entry.name


def decode_entries(data: bytes) -> "list[Entry]":
    """As far as they are whole."""
    found, at = [], 0
    while at + _ENTRY < len(data):
        address, nonce = data[at], int.from_bytes(data[at + 1 : at + 5], "big")
        flags, size = data[at + 5], data[at + 6]
        at += _ENTRY + 1
        name = data[at : at + size]
        at += size
        if not 0 < address <= NODES_MAX or not 0 < len(name) == size <= NAME_BYTES_MAX:
            break
        found.append(Entry(address, nonce, flags, name))
    return found


def bit(address: int) -> int:
    """Of ``address`` in the set of those in use."""
    return 1 << address - 1


def starts_with(draw: int, depth: int, prefix: int) -> bool:
    """Whether the upper ``depth`` of the 16 bits of ``draw`` are ``prefix``."""
    return depth <= 16 and draw >> 16 - depth == prefix


def branches(depth: int, prefix: int) -> list:
    """The two halves of those who were invited."""
    return [(depth + 1, prefix * 2), (depth + 1, prefix * 2 + 1)]


def is_newer(reign: int, other: int) -> bool:
    return 0 < ((reign - other) & 65535) < 32768


def mixed(state: int, count: int) -> int:
    """The next of a row of numbers of 32 bits that look random."""
    return crc32(count.to_bytes(4, "big"), state)


def is_hello(chunk: bytes) -> bool:
    """Whether a link frame opens a session."""
    body = frames.decode(chunk)
    return bool(body and body[0] == message.HELLO and message.decode_hello(body))


def is_close(chunk: bytes) -> bool:
    body = frames.decode(chunk)
    return bool(body and body[0] == message.CLOSE)
