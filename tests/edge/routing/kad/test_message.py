"""Messages: as go-libp2p writes them, and all that a stranger may have got wrong."""

from edge.errors import LocalError, RemoteError
from edge.routing.kad import EDGE, LAN, WAN, Contact, message
from edge.routing.kad.message import (
    ADD_PROVIDER,
    ADDRESSES_MAX,
    CLOSER_MAX,
    FIELDS_MAX,
    FIND_NODE,
    GET_PROVIDERS,
    GET_VALUE,
    PING,
    PROVIDERS_MAX,
    PUT_VALUE,
    Message,
    Record,
    check_request,
    decode,
    encode,
)
from edge.system import MICROPYTHON
from edge.wire import protobuf
from tests import kit
from tests.edge.routing.kad import contacts
from tests.edge.routing.kad.contacts import address, changed, contact, ids, lan

KEY = b"\x12\x20" + bytes(32)
BLE = address("/ble/aa%3Abb")
PUBLIC = address("/ip4/8.8.8.8/tcp/4001")


def entry(id: bytes, *addresses: bytes, number: int = 8) -> bytes:
    data = protobuf.encode_bytes(1, id)
    data += b"".join([protobuf.encode_bytes(2, one) for one in addresses])
    return protobuf.encode_bytes(number, data + protobuf.encode_uint(3, 1))


def request(kind: int, key: bytes = KEY, record: "Record | None" = None) -> Message:
    return Message(kind, key, record, (), ())


def answer(*parts: bytes) -> bytes:
    return protobuf.encode_uint(1, FIND_NODE) + b"".join(parts)


def test_what_is_written_is_read():
    a, b, c = contact(1), contact(2, lan(2), lan(3)), contact(3)
    for given in (
        request(FIND_NODE),
        request(PING, b""),
        request(GET_PROVIDERS),
        Message(GET_PROVIDERS, KEY, None, (a, b), (b, c)),
        Message(PUT_VALUE, b"/pk/x", Record(b"/pk/x", b"value", "2026-01-02T03:04:05Z"), (), ()),
        Message(GET_VALUE, b"", Record(b"/pk/x", b"", ""), (a,), ()),
        Message(ADD_PROVIDER, KEY, None, (), (a,)),
    ):
        for _ in range(2):  # the second time from what is remembered
            assert decode(encode(given, LAN), LAN) == given
            assert decode(encode(given, LAN), LAN) == given


def test_the_bytes_are_those_of_the_schema():
    data = encode(Message(FIND_NODE, b"k", None, (contact(1),), ()), LAN)
    id = contact(1).id
    peer = b"\x0a" + bytes([len(id)]) + id + b"\x12\x08" + lan(1)
    assert data == b"\x08\x04\x12\x01k\x42" + bytes([len(peer)]) + peer
    assert encode(request(PUT_VALUE, b""), LAN) == b"\x08\x00"


def test_a_message_as_go_writes_it():
    # type, key, closer peer with connection, clusterLevelRaw 1
    told = decode(answer(entry(contact(1).id, lan(1))) + b"\x50\x01" + b"\x7a\x01x", LAN)
    assert told == Message(FIND_NODE, b"", None, (contact(1),), ())
    # proto3 leaves out what is 0
    assert decode(b"\x12\x01k", LAN).type == PUT_VALUE


# -- peers


def test_an_entry_that_is_wrong_costs_only_itself():
    good = entry(contact(1).id, lan(1))
    for bad in (
        entry(b"", lan(2)),  # no id
        entry(b"\x12\x20" + bytes(31), lan(2)),  # no multihash
        entry(b"\x99\x20" + bytes(32), lan(2)),
        entry(contact(2).id),  # nowhere
        entry(contact(2).id, PUBLIC),  # not on this LAN
        entry(contact(2).id, b"\x04\x0a"),
        entry(contact(2).id, lan(2), bytes(8192)),  # more than 8 KiB
        protobuf.encode_bytes(8, b"\xff\xff\xff"),  # no protobuf
        protobuf.encode_bytes(8, protobuf.encode_uint(1, 5)),
        protobuf.encode_bytes(8, b""),
    ):
        assert decode(answer(bad, good), LAN).closer == (contact(1),), bad
    assert decode(answer(good, b"\x4a\x00"), LAN).providers == ()


def test_every_peer_is_named_once():
    first, second = entry(contact(1).id, lan(1)), entry(contact(1).id, lan(2))
    assert decode(answer(first, second, first), LAN).closer == (contact(1),)


def test_a_thousand_peers_are_a_few():
    closer = [entry(contact(number).id, lan(number)) for number in range(60)]
    told = decode(answer(*closer), LAN)
    assert ids(told.closer) == ids([contact(number) for number in range(CLOSER_MAX)])
    providers = [entry(contact(number).id, lan(1), number=9) for number in range(PROVIDERS_MAX + 9)]
    assert len(decode(answer(*providers), LAN).providers) == PROVIDERS_MAX
    if not MICROPYTHON:  # a chip has no room for so many
        assert len(decode(answer(*(closer * 17)), LAN).closer) == CLOSER_MAX


def test_a_peer_has_a_few_addresses():
    many = [lan(number) for number in range(3 * ADDRESSES_MAX)]
    (told,) = decode(answer(entry(contact(1).id, *many)), LAN).closer
    assert told.addresses == tuple(many[:ADDRESSES_MAX])
    (told,) = decode(answer(entry(contact(1).id, *([lan(1)] * 9))), LAN).closer
    assert told.addresses == (lan(1),)


def test_the_peer_id_behind_an_address_is_cut_off():
    id = contact(1).id
    own = lan(1) + b"\xa5\x03" + bytes([len(id)]) + id
    assert decode(answer(entry(id, own)), LAN).closer == (contact(1),)
    assert decode(answer(entry(id, own[len(lan(1)) :])), LAN).closer == ()
    other = contact(2).id
    wrong = lan(1) + b"\xa5\x03" + bytes([len(other)]) + other  # refused when dialled
    assert decode(answer(entry(id, wrong)), LAN).closer == (Contact(id, (wrong,)),)


def test_addresses_that_mean_nothing_here_are_neither_read_nor_written():
    id = contact(1).id
    for profile, kept in ((LAN, (lan(1),)), (WAN, (PUBLIC,)), (EDGE, (BLE, lan(1), PUBLIC))):
        given = Contact(id, (BLE, lan(1), PUBLIC))
        told = Message(GET_PROVIDERS, KEY, None, (given,), (given,))
        read = decode(encode(told, profile), EDGE)
        assert read.closer == read.providers == (Contact(id, kept),)
        data = answer(entry(id, *given.addresses), entry(id, *given.addresses, number=9))
        read = decode(data, profile)
        assert read.closer == read.providers == (Contact(id, kept),)


def test_a_cable_is_neither_read_nor_written():
    """It leads to whoever is at the other end of a port of this machine, and of no other."""
    cable = address("/serial/ttyUSB0~921600")
    through = address("/ip4/10.0.0.1/tcp/1/serial/x")
    for profile in (EDGE, LAN, WAN):
        both, alone = contact(1, cable, lan(1), through), contact(2, cable)
        told = Message(ADD_PROVIDER, KEY, None, (both, alone), (both, alone))
        data = encode(told, profile)
        assert cable not in data and through not in data
        read = decode(
            answer(entry(both.id, cable, through), entry(alone.id, cable, number=9)), EDGE
        )
        assert read.closer == () and read.providers == (Contact(alone.id, ()),)
    assert cable in contact(1, cable).addresses  # kept it may be, by whoever has the port


def test_who_has_no_address_here_is_told_only_as_a_provider():
    hidden = Contact(contact(1).id, (BLE,))
    told = decode(encode(Message(GET_PROVIDERS, KEY, None, (hidden,), (hidden,)), WAN), WAN)
    assert told.closer == () and told.providers == (Contact(hidden.id, ()),)


# -- what breaks a message


def test_a_broken_message_is_refused():
    for data in (
        b"\x08\x06",  # types 6 and 9
        b"\x08\x09",
        b"\x08" + b"\xff" * 9 + b"\x01",  # -1
        b"\x0a\x01\x04",  # a type of bytes
        b"\x10\x05",  # a key that is a number
        b"\x12\x81\x02" + bytes(257),  # a key of 257 bytes
        b"\x18\x01",  # a record that is a number
        b"\x1a\x02\x0a\x05",  # a record cut off
        b"\x1a\x02\x08\x05",  # whose key is a number
        b"\x1a\x43\x2a\x41" + bytes(65),  # with a time of 65 bytes
        b"\x42\x05abc",  # cut off
        b"\xff",
        b"\x0b",  # a group
        bytes(5),
        b"\x40\x07",  # a peer that is a number
    ):
        kit.raises(RemoteError, decode, data, LAN)


def test_a_message_too_long_is_refused():
    short = changed(LAN, receive_bytes_max=100)
    assert decode(b"\x12\x01k" + b"\x7a\x5f" + bytes(95), short).key == b"k"
    kit.raises(RemoteError, decode, b"\x12\x01k" + b"\x7a\x60" + bytes(96), short)
    assert LAN.receive_bytes_max < 5 << 20


def test_what_comes_behind_too_many_fields_is_not_read():
    tail = b"\x50\x01" * FIELDS_MAX
    assert decode(answer(entry(contact(1).id, lan(1)), tail, b"\xff"), LAN).closer == (contact(1),)


def test_a_time_that_is_no_text_is_none():
    record = b"\x0a\x01k\x12\x01v\x2a\x02\xff\xfe"
    assert decode(b"\x1a" + bytes([len(record)]) + record, LAN).record == Record(b"k", b"v", "")


def test_requests_that_cannot_be_asked():
    for kind, key in (
        (FIND_NODE, b""),
        (FIND_NODE, bytes(81)),
        (GET_PROVIDERS, b""),
        (GET_PROVIDERS, bytes(81)),
        (ADD_PROVIDER, b""),
        (ADD_PROVIDER, bytes(81)),
        (GET_VALUE, b""),
        (GET_VALUE, bytes(257)),
        (PUT_VALUE, b"k"),  # without a record
    ):
        kit.raises(RemoteError, check_request, request(kind, key))
    kit.raises(RemoteError, check_request, request(PUT_VALUE, b"k", Record(b"j", b"v", "")))
    kit.raises(RemoteError, check_request, request(PUT_VALUE, b"", Record(b"", b"v", "")))
    for good in (
        request(PING, b""),
        request(FIND_NODE, b"k"),
        request(GET_PROVIDERS, bytes(80)),
        request(GET_VALUE, bytes(200)),
        request(PUT_VALUE, b"k", Record(b"k", b"v", "")),
    ):
        assert check_request(good) == good


# -- what fits


def test_what_does_not_fit_is_left_out():
    many = tuple([lan(number) for number in range(ADDRESSES_MAX)])
    peers = tuple([contact(number, *many) for number in range(20)])
    told = Message(GET_PROVIDERS, KEY, None, peers, peers)
    small = 30 + 40 * 80  # all peers with few addresses, but not with all
    for size in (len(encode(told, EDGE)) - 1, small, 1000, 300, 100, 40):
        profile = changed(LAN, send_bytes_max=size)
        data = encode(told, profile)
        assert len(data) <= size
        read = decode(data, profile)
        assert read.key == KEY and abs(len(read.closer) - len(read.providers)) <= 1
        for group in (read.closer, read.providers):
            assert ids(group) == ids(peers[: len(group)])
            assert not [1 for one in group if not one.addresses]
        if size >= small:
            assert len(read.closer) == len(read.providers) == 20


def test_what_we_send_is_read_by_rust():
    many = tuple(
        [contacts.address("/dns4/{}.local/tcp/1".format("x" * 50 + str(n))) for n in range(16)]
    )
    peers = tuple([contact(number, *many) for number in range(20)])
    assert len(encode(Message(GET_PROVIDERS, KEY, None, peers, peers), LAN)) <= 16384


def test_a_record_that_cannot_be_sent_is_our_own_fault():
    record = Record(b"k", bytes(LAN.send_bytes_max), "")
    kit.raises(LocalError, encode, request(PUT_VALUE, b"k", record), LAN)


def test_what_is_remembered_is_bounded():
    for number in range(3 * message.CACHED_MAX):
        data = entry(contact(number).id, lan(number & 1023))
        encode(decode(answer(data), LAN), LAN)
    for remembered in (message._read[LAN.admits], message._written[LAN.admits]):
        assert len(remembered) <= message.CACHED_MAX
    long = entry(contact(1).id, *[contacts.address("/dns/{}/tcp/1".format("x" * 99))] * 3)
    decode(answer(long), LAN)
    assert long[3:] not in message._read[LAN.admits]


if __name__ == "__main__":
    kit.run(globals())
