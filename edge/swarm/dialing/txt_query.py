"""One question to a name server, the TXT records of a name, and what counts as its answer: pure.

    TxtQuery -- packet ------------------------> server
             <-- fits(packet)? is_cut(packet)? --        anybody may send anything meanwhile
                 texts(packet): bytes, one per record

An answer has our id and repeats our question.  A first try says how long a datagram may be (RFC
6891); a plain one is for servers too old for that.  Spec: RFC 1035.
"""

from edge.errors import LinkError, RemoteError, printable
from edge.mdns import message
from edge.system import const

PAYLOAD_BYTES_MAX = 1232  # of a datagram: passes everywhere unfragmented
NAME_MAX = 253  # characters

_TXT = const(16)
_CNAME = const(5)
_OPT = const(41)
_IN = const(1)
_LABEL_MAX = const(63)
_HEADER_BYTES = const(12)
_RECURSION_DESIRED = const(0x0100)
_RESPONSE = const(0x80)  # of the third byte
_CUT = const(0x02)
_CODE = const(0x0F)  # of the fourth
_NO_SUCH_NAME = const(3)


class TxtQuery:
    def __init__(self, name: str, id: int, extended: bool) -> None:
        """``id``: random, below 65536.  LinkError if ``name`` is none that DNS can carry."""
        self._owner = message.name(_checked(name))
        options = [(b"\0", _OPT, PAYLOAD_BYTES_MAX, 0, b"")] if extended else []
        question = [(self._owner, _TXT, _IN)]
        self.packet = message.encode(_RECURSION_DESIRED, question, (), options, id)
        self._end = _HEADER_BYTES + len(self._owner) + 4  # of the question

    def fits(self, packet: bytes) -> bool:
        """Whether ``packet`` answers this query."""
        return (
            len(packet) >= self._end
            and packet[:2] == self.packet[:2]
            and packet[2] & _RESPONSE != 0
            and packet[4:6] == b"\0\x01"
            and packet[_HEADER_BYTES : self._end].lower() == self.packet[_HEADER_BYTES : self._end]
        )

    def is_cut(self, packet: bytes) -> bool:
        """Whether the answer was too long for a datagram."""
        return packet[2] & _CUT != 0

    def texts(self, packet: bytes) -> "list[bytes]":
        """The text of each TXT record, its strings joined; none if there is no such name.

        RemoteError if the server does not answer but complains, or the packet is broken.
        """
        code = packet[3] & _CODE
        if code == _NO_SUCH_NAME:
            return []
        if code:
            raise RemoteError("name server says error {}".format(code))
        records = message.decode(packet)[3]
        elsewhere = (self._owner, _CNAME, _IN) in [record[:3] for record in records]
        return [
            b"".join(message.split(data))
            for owner, kind, group, _, data in records
            if kind == _TXT and group == _IN and (owner == self._owner or elsewhere)
        ]


def _checked(name: str) -> str:
    """``name`` without a final dot, if it has only labels that DNS allows."""
    name = name[:-1] if name[-1:] == "." else name
    labels = name.split(".")
    short = len(name) <= NAME_MAX and min([len(label) for label in labels]) > 0
    if not short or max([len(label) for label in labels]) > _LABEL_MAX or max(name) > "~":
        raise LinkError("not a name for DNS: " + printable(name))
    return name


def framed(packet: bytes) -> bytes:
    """``packet`` as TCP carries it."""
    return len(packet).to_bytes(2, "big") + packet


def size(head: bytes) -> int:
    """The bytes of the packet behind the two bytes ``head``."""
    return int.from_bytes(head, "big")
