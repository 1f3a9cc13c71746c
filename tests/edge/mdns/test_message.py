"""DNS messages: what is written can be read, what is broken is refused."""

from edge.errors import RemoteError
from edge.mdns import message
from tests import kit

SERVICE = message.name("_p2p._udp.local")
PEER = message.name("abcd._p2p._udp.local")
A, PTR, TXT, SRV = 1, 12, 16, 33
HEADER = b"\0\0\x84\0" + b"\0\0" + b"\0\x01" + b"\0\0\0\0"  # an answer


def answer(record):
    return HEADER + record


def test_names():
    assert SERVICE == b"\x04_p2p\x04_udp\x05local\0"
    assert message.read_name(b"\x04_P2p\x04_UDP\x05LOCAL\0", 0) == (SERVICE, 17)


def test_what_is_written_can_be_read():
    questions = [(SERVICE, PTR, 1), (PEER, 255, 0x8001)]
    answers = [(SERVICE, PTR, 1, 120, PEER)]
    additionals = [
        (PEER, TXT, 0x8001, 120, b"\x03a=b"),
        (PEER, SRV, 0x8001, 120, b"\0\0\0\0\x0f\xa1" + PEER),
        (message.name("abcd.local"), A, 0x8001, 0xFFFFFFFF, b"\x0a\0\0\x01"),
    ]
    packet = message.encode(0x8400, questions, answers, additionals, 7)
    assert message.decode(packet) == (7, 0x8400, questions, answers + additionals)
    assert packet.count(b"_p2p") == 2  # the second in the SRV, where pointers have no place


def test_pointers_are_as_rfc_1035_has_them():
    packet = message.encode(0, [(SERVICE, PTR, 1)], [(SERVICE, PTR, 1, 9, PEER)])
    assert packet[12:29] == SERVICE
    assert packet[33:35] == b"\xc0\x0c"
    assert packet[-7:] == b"\x04abcd\xc0\x0c"


def test_txt_strings():
    assert message.split(b"") == []
    assert message.split(b"\0") == [b""]
    assert message.split(b"\x01a\x02bc") == [b"a", b"bc"]
    for cut_off in (b"\x01", b"\x02a", b"\x01a\xff"):
        kit.raises(RemoteError, message.split, cut_off)


def test_a_txt_of_thousands_of_strings():
    assert len(message.split(bytes(256))) == 256
    kit.raises(RemoteError, message.split, bytes(257))


def test_pointer_loops_and_leaps():
    ptr = b"\0\x0c\0\x01\0\0\0\x09\0\x02"
    for name in (
        b"\xc0\x0c",  # to itself
        b"\x01a\xc0\x0c",  # to its own start
        b"\xc0\x20",  # forward
        b"\xff\xff",
        b"\xc0",  # half a pointer
    ):
        kit.raises(RemoteError, message.decode, answer(name + ptr + b"\xc0\x0c"))
    kit.raises(RemoteError, message.decode, answer(b"\0" + ptr + b"\xc0\x17"))  # in its own data
    chain = b"\0" + b"".join([bytes([0xC0, 2 * i]) for i in range(20)])
    kit.raises(RemoteError, message.read_name, b"\0" + chain, 39)


def test_labels_and_names_too_long():
    rest = b"\0\x10\0\x01\0\0\0\x09\0\0"
    label = b"\x3f" + b"a" * 63
    message.decode(answer(label + b"\0" + rest))
    message.decode(answer(label * 3 + b"\x3d" + b"a" * 61 + b"\0" + rest))  # 255 bytes
    kit.raises(RemoteError, message.decode, answer(label * 3 + b"\x3e" + b"a" * 62 + b"\0" + rest))
    kit.raises(RemoteError, message.decode, answer(b"\x40" + b"a" * 64 + b"\0" + rest))
    kit.raises(RemoteError, message.decode, answer(b"\x80" + b"a" * 64 + b"\0" + rest))


def test_cut_off_anywhere():
    packet = message.encode(
        0x8400, [(SERVICE, PTR, 1)], [(SERVICE, PTR, 1, 9, PEER)], [(PEER, TXT, 1, 9, b"\x01a")]
    )
    for size in range(len(packet)):
        kit.raises(RemoteError, message.decode, packet[:size])


def test_data_past_the_end():
    for size in (b"\0\x05", b"\xff\xff"):
        record = PEER + b"\0\x10\0\x01\0\0\0\x09" + size + b"\x03abc"
        kit.raises(RemoteError, message.decode, answer(record))
    # A PTR whose name ends elsewhere than its data: the packet is read on from the data's end.
    record = SERVICE + b"\0\x0c\0\x01\0\0\0\x09\0\x01" + b"\x01a\0"
    message.decode(answer(record))


def test_a_thousand_records():
    many = b"\0\0\x84\0\0\0\x03\xe8\0\0\0\0" + (b"\0" + b"\0\x10\0\x01\0\0\0\x09\0\0") * 1000
    kit.raises(RemoteError, message.decode, many)
    kit.raises(RemoteError, message.decode, b"\0\0\0\0" + b"\xff" * 8)


def test_names_that_are_not_text():
    name, _ = message.read_name(b"\x03\xff\xfe.\0", 0)
    assert name == b"\x03\xff\xfe.\0"


if __name__ == "__main__":
    kit.run(globals())
