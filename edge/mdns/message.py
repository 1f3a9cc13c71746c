"""DNS messages as multicast DNS uses them (RFC 1035, RFC 6762).

    id, flags | questions: name kind class | records: name kind class ttl data

A name is kept as it travels, uncompressed and in lower case: ``\\x04_p2p\\x04_udp\\x05local\\x00``.
A length octet is below 64 and so never a letter, hence bytes.lower() folds names as DNS wants.
The data of a PTR record is such a name; all other data is left as it is.
"""

import struct

from edge.errors import RemoteError
from edge.system import const

_PTR = const(12)
_RECORDS_MAX = const(256)  # of one message; a packet that claims more is not looked at
_POINTERS_MAX = const(16)  # of one name
_NAME_MAX = const(255)  # bytes
_STRINGS_MAX = const(256)  # of a TXT record


def name(text: str) -> bytes:
    """The wire form of a dotted name."""
    out = b""
    for label in text.lower().split("."):
        out += bytes([len(label)]) + label.encode()
    return out + b"\0"


def encode(flags: int, questions, answers, additionals=(), id: int = 0) -> bytes:
    """A message; names that return are written as pointers."""
    counts = len(questions), len(answers), 0, len(additionals)
    out = bytearray(struct.pack(">6H", id, flags, *counts))
    seen = {}
    for owner, kind, group in questions:
        _put_name(out, owner, seen)
        out += struct.pack(">HH", kind, group)
    for records in (answers, additionals):
        for owner, kind, group, ttl, data in records:
            _put_name(out, owner, seen)
            out += struct.pack(">HHIH", kind, group, ttl, 0)
            start = len(out)
            if kind == _PTR:
                _put_name(out, data, seen)
            else:
                out += data
            out[start - 2 : start] = (len(out) - start).to_bytes(2, "big")
    return bytes(out)


def _put_name(out: bytearray, owner: bytes, seen: dict) -> None:
    while owner[0]:
        at = seen.get(owner)
        if at:
            out += (0xC000 | at).to_bytes(2, "big")
            return
        seen[owner] = len(out)
        end = 1 + owner[0]
        out += owner[:end]
        owner = owner[end:]
    out.append(0)


def decode(packet: bytes) -> "tuple[int, int, list, list]":
    """``(id, flags, questions, records)``; the records of all three sections in their order."""
    (id, flags, asked, *counts), offset = _unpack(">6H", packet, 0)
    count = sum(counts)
    if asked + count > _RECORDS_MAX:
        raise RemoteError("DNS message of {} records".format(asked + count))
    questions = []
    records = []
    for _ in range(asked):
        owner, offset = read_name(packet, offset)
        rest, offset = _unpack(">HH", packet, offset)
        questions.append((owner,) + rest)
    for _ in range(count):
        owner, offset = read_name(packet, offset)
        rest, offset = _unpack(">HHIH", packet, offset)
        end = offset + rest[3]
        _need(packet, end)
        if rest[0] == _PTR:
            data, offset = read_name(packet, offset)
        else:
            data = packet[offset:end]
        records.append((owner,) + rest[:3] + (data,))
        offset = end
    return id, flags, questions, records


def _unpack(form: str, packet: bytes, offset: int) -> "tuple[tuple, int]":
    end = offset + struct.calcsize(form)
    _need(packet, end)
    return struct.unpack_from(form, packet, offset), end


def _need(packet: bytes, size: int) -> None:
    if len(packet) < size:
        raise RemoteError("DNS message cut off")


def read_name(packet: bytes, offset: int) -> "tuple[bytes, int]":
    """The name at ``offset`` and the offset behind it.  Pointers may only lead backwards."""
    out = b""
    end = pointers = 0
    floor = offset
    while True:
        _need(packet, offset + 1)
        length = packet[offset]
        if length >= 0xC0:
            _need(packet, offset + 2)
            end = end or offset + 2
            pointers += 1
            offset = (length & 0x3F) << 8 | packet[offset + 1]
            if offset >= floor or pointers > _POINTERS_MAX:
                raise RemoteError("DNS name that points to itself or on")
            floor = offset
            continue
        stop = offset + 1 + length
        _need(packet, stop)
        out += packet[offset:stop]
        if length > 63 or len(out) > _NAME_MAX:
            raise RemoteError("DNS name or label too long")
        offset = stop
        if not length:
            return out.lower(), end or offset


def split(data: bytes) -> "list[bytes]":
    """The strings of a TXT record; RemoteError if there are far more than anybody needs."""
    strings: list = []
    offset = 0
    while offset < len(data):
        if len(strings) >= _STRINGS_MAX:
            raise RemoteError("TXT record of too many strings")
        end = offset + 1 + data[offset]
        _need(data, end)
        strings.append(data[offset + 1 : end])
        offset = end
    return strings
