"""Packet captures: raw bytes of a connection dressed as IPv4/IPv6 and TCP, for Wireshark.

    file header | record header, IP header, TCP header, payload | record header, ...

Format: libpcap 2.4, microseconds, LINKTYPE_RAW (101).  TCP checksums are left at zero, as with
offload; sequence numbers are right, so that streams can be followed.
"""

import struct

LINKTYPE_RAW = 101
PAYLOAD_BYTES_MAX = 32768  # of one record; an IP packet has a 16-bit length
HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, LINKTYPE_RAW)

SYN = 2
FIN = 1
PUSH = 8
_ACK = 16


class Flow:
    """One connection: its two ends and how far each has counted."""

    def __init__(self, source: tuple, target: tuple) -> None:
        """Ends are (IP address packed in 4 or 16 bytes, port)."""
        self._ends = (source, target)
        self._next = [1000, 2000]  # sequence numbers

    def records(self, outbound: bool, data: bytes, flags: int, unix_us: int) -> bytes:
        """``data`` from the source (or to it) as packets; without data, one packet of ``flags``."""
        out = bytearray()
        for start in range(0, len(data) or 1, PAYLOAD_BYTES_MAX):
            part = data[start : start + PAYLOAD_BYTES_MAX]
            packet = self._packet(0 if outbound else 1, part, flags)
            seconds, fraction = divmod(unix_us, 1000000)
            out += struct.pack("<IIII", seconds, fraction, len(packet), len(packet)) + packet
        return bytes(out)

    def _packet(self, side: int, data: bytes, flags: int) -> bytes:
        (source, source_port), (target, target_port) = self._ends[side], self._ends[1 - side]
        sequence, acknowledged = self._next[side], self._next[1 - side]
        self._next[side] = sequence + len(data) + (1 if flags & (SYN | FIN) else 0) & 0xFFFFFFFF
        segment = struct.pack(
            ">HHIIBBHHH", source_port, target_port, sequence, acknowledged, 0x50, flags | _ACK,
            65535, 0, 0,
        ) + bytes(data)  # fmt: skip
        if len(source) == 16:
            return struct.pack(">IHBB", 0x60000000, len(segment), 6, 64) + source + target + segment
        head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(segment), 0, 0x4000, 64, 6, 0)
        head += source + target
        checksum = struct.pack(">H", _checksum(head))
        return head[:10] + checksum + head[12:] + segment


def _checksum(header: bytes) -> int:
    total = sum(struct.unpack(">10H", header))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF
