"""IP addresses as text and bytes, and how far one reaches.

Specs: RFC 4291 for the forms read, RFC 5952 for the one form written, RFC 6890 for the ranges.
"""

from edge.errors import RemoteError, printable

_MAPPED = b"\0\0\0\0\0\0\0\0\0\0\xff\xff"  # ::ffff:0:0/96, an IPv4 address in IPv6 clothes


def exact(text: str, base: int, form: str) -> int:
    """What ``text`` says, if ``form`` would write it the same way; else, or if negative, -1."""
    try:
        value = int(text, base)
    except ValueError:
        return -1
    return value if value >= 0 and form % value == text else -1


def number(text: str, limit: int) -> int:
    """A decimal from 0 to ``limit`` without sign, space or leading zero."""
    value = exact(text, 10, "%d")
    if not 0 <= value <= limit:
        raise RemoteError("not a number up to {}: {}".format(limit, printable(text)))
    return value


def parse4(text: str) -> bytes:
    octets = text.split(".")
    if len(octets) != 4:
        raise RemoteError("not IPv4: " + printable(text))
    return bytes([number(octet, 255) for octet in octets])


def parse6(text: str) -> bytes:
    last = text.rfind(":") + 1
    if "." in text[last:]:
        quad = parse4(text[last:])
        text = text[:last] + "%x:%x" % (quad[0] << 8 | quad[1], quad[2] << 8 | quad[3])
    head, gap, tail = text.partition("::")
    before = head.split(":") if head or not gap else []
    after = tail.split(":") if tail else []
    missing = 8 - len(before) - len(after)
    if missing < 1 if gap else missing:
        raise RemoteError("not IPv6: " + printable(text))
    out = b""
    for group in before + ["0"] * missing + after:
        value = exact("0000"[len(group) or 4 :] + group.lower(), 16, "%04x")
        if not 0 <= value <= 0xFFFF:
            raise RemoteError("not IPv6: " + printable(text))
        out += value.to_bytes(2, "big")
    return out


def text(data: bytes) -> str:
    """The canonical text of 4 or 16 bytes."""
    if len(data) == 4:
        return "%d.%d.%d.%d" % tuple(data)
    if data[:12] == _MAPPED:
        return "::ffff:" + text(data[12:])
    groups = ["%x" % (data[index] << 8 | data[index + 1]) for index in range(0, 16, 2)]
    shown = ":" + ":".join(groups) + ":"
    for length in range(8, 1, -1):
        zeros = ":0" * length + ":"
        at = shown.find(zeros)
        if at >= 0:
            return shown[1:at] + "::" + shown[at + len(zeros) : -1]
    return shown[1:-1]


def scope(data: bytes) -> str:
    """How far 4 or 16 bytes reach.

    One of "unspecified", "loopback", "link", "private", "multicast", "public".
    """
    if data[:12] == _MAPPED:
        data = data[12:]
    first, second = data[0], data[1]
    if len(data) == 4:
        if first == 10 or (first, second) == (192, 168):
            return "private"
        if first == 172 and second >> 4 == 1 or first == 100 and second >> 6 == 1:
            return "private"
        if (first, second) == (169, 254):
            return "link"
        if first == 127:
            return "loopback"
        if first >= 224:
            return "multicast"
        return "public" if first else "unspecified"
    value = int.from_bytes(data, "big")
    if value < 2:
        return "loopback" if value else "unspecified"
    if first == 0xFF:
        return "multicast"
    if first >> 1 == 0x7E:
        return "private"
    return "link" if first == 0xFE and second >> 6 == 2 else "public"
