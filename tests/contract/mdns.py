"""What every discovery must do: run on each inhabitant of edge.mdns.

python -m tests.contract.mdns agent|zeroconf INTERFACE       on a real link
"""

from edge.mdns import message
from edge.wire.multiaddr import Multiaddr

A, PTR, TXT, AAAA, SRV = 1, 12, 16, 28, 33
SERVICE = message.name("_p2p._udp.local")


def check_universal(packet: bytes, peer_id: bytes) -> None:
    """That go-, rust- and js-libp2p understand what a node says (a goodbye and a question, too)."""
    id, flags, questions, records = message.decode(packet)
    assert len(packet) <= 1400
    assert id == 0
    assert packet.lower().count(b"_p2p") == packet.count(b"_p2p")
    count = [int.from_bytes(packet[i : i + 2], "big") for i in (4, 6, 8, 10)]
    if not flags & 0x8000:
        assert flags == 0 and questions[0] == (SERVICE, PTR, 1)
        return
    assert flags == 0x8400 and count[0] == count[2] == 0
    answers, additionals = records[: count[1]], records[count[1] :]
    owner, kind, group, ttl, instance = answers[-1]  # js looks at the last PTR
    assert (owner, kind, group) == (SERVICE, PTR, 1)
    assert not [record for record in answers[:-1] if record[3]]  # but goodbyes
    if ttl == 0:
        assert not additionals  # js would take them for a greeting
        return
    check_additionals(additionals, instance, peer_id)


def check_additionals(additionals: list, instance: bytes, peer_id: bytes) -> None:
    label, rest = instance[: 1 + instance[0]], instance[1 + instance[0] :]
    assert rest == SERVICE
    assert 32 <= label[0] < 64
    assert not [c for c in label[1:] if not (97 <= c <= 122 or 48 <= c <= 57)]
    (text,) = [record for record in additionals if record[1] == TXT]
    (service,) = [record for record in additionals if record[1] == SRV]
    assert text[0] == service[0] == instance  # rust: the TXT is additional, under that name
    host, _ = message.read_name(service[4], 6)
    assert [record for record in additionals if record[1] in (A, AAAA) and record[0] == host]  # go
    strings = message.split(text[4])
    assert strings
    for string in strings:
        assert string.startswith(b"dnsaddr=/ip") and len(string) <= 255
        assert b"/0.0.0.0/" not in string and b"/::/" not in string
        address = Multiaddr(str(string[8:], "utf-8"))
        assert address.peer_id == peer_id and address.is_standard
