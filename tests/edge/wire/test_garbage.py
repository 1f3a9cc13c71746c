"""Any garbage gives RemoteError or a value, and what was accepted comes out as it went in."""

from edge.errors import EdgeError, RemoteError
from edge.wire import base58, cid, ip, multibase, multihash, peer_ids, protobuf, varint
from edge.wire.multiaddr import Multiaddr
from tests import kit
from tests.vectors import multiaddr as vectors

LETTERS = "/:.%+-=_ 0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHZ\n\0\x7f\xe9\u20ac"
NAMES = (
    "ip4 ip6 tcp udp p2p ipfs dns4 ip6zone unix memory certhash http-path onion3 garlic32 "
    "garlic64 ipcidr serial ble tls p2p-circuit onion"
).split()


def accepted(parse, *given) -> bool:
    """Whether ``parse`` took it; anything but RemoteError is let through and fails the test."""
    try:
        parse(*given)
        return True
    except RemoteError:
        return False


def read_address(data: bytes) -> None:
    address = Multiaddr.from_bytes(data)
    assert address.to_bytes() == data
    assert Multiaddr(str(address)) == address, str(address)
    assert len(address.components) > 0
    assert address.peer_id is None or peer_ids.check(address.peer_id)
    assert address.is_standard or not address.is_shareable


def read_fields(data: bytes) -> None:
    for number, value in protobuf.fields(data):
        assert number > 0
        assert isinstance(value, (int, bytes))
    protobuf.parse(data, "uUbBsS-")


def text_of(rng: kit.Rng, size: int) -> str:
    return "".join([LETTERS[rng.below(len(LETTERS))] for _ in range(size)])


def test_bytes():
    rng = kit.Rng(7)
    parsers = (read_address, read_fields, cid.decode, multihash.decode, peer_ids.check)
    for _ in range(1500):
        data = rng.bytes(rng.below(24))
        for parse in parsers:
            accepted(parse, data)
        accepted(varint.decode, data)


def test_damaged_addresses():
    rng = kit.Rng(8)
    count = 0
    for _, good in vectors.GOOD + vectors.PRIVATE:
        good = bytes.fromhex(good)
        for _ in range(40):
            data = bytearray(good)
            for _ in range(1 + rng.below(3)):
                at = rng.below(len(data))
                data[at : at + rng.below(2)] = rng.bytes(rng.below(3))
                data = data or bytearray(1)
            count += accepted(read_address, bytes(data))
    assert count > 100  # damage that gives other addresses must be part of it


def test_texts():
    rng = kit.Rng(9)
    parsers = (
        ip.parse4,
        ip.parse6,
        base58.decode,
        multibase.decode,
        cid.decode_text,
        peer_ids.parse,
    )
    for _ in range(600):
        text = text_of(rng, rng.below(16))
        for parse in parsers:
            accepted(parse, text)
        accepted(Multiaddr.from_peer_text, "/" + text)
        accepted(Multiaddr.from_peer_text, "/{}/{}".format(NAMES[rng.below(len(NAMES))], text))


def test_damaged_texts():
    rng = kit.Rng(10)
    for good, _ in vectors.GOOD + vectors.PRIVATE + vectors.READ_AS:
        for _ in range(20):
            at = rng.below(len(good))
            text = good[:at] + text_of(rng, rng.below(3)) + good[at + rng.below(3) :]
            if accepted(Multiaddr.from_peer_text, text):
                read_address(Multiaddr(text).to_bytes())


def test_made_addresses_round_trip():
    rng = kit.Rng(11)
    for _ in range(150):
        text = ""
        for _ in range(1 + rng.below(6)):
            name = NAMES[rng.below(len(NAMES))]
            text += "/" + name
            made = value_of(rng, name)
            if made:
                text += "/" + made
            if name in ("unix", "garlic64"):  # the end, and nearly as long as may be
                break
        address = Multiaddr(text)
        read_address(address.to_bytes())
        names = [name for name, _ in address.components]
        assert names == [name for name in text_names(text) if name], text


def text_names(text: str) -> list:
    """The names in an address that value_of made: no value of its is also a name."""
    return ["p2p" if word == "ipfs" else word for word in text.split("/") if word in NAMES]


def value_of(rng: kit.Rng, name: str) -> str:
    make = MAKERS.get(name)
    if make:
        return make(rng)
    return "" if name in ("tls", "p2p-circuit") else str(rng.below(32768))


def _peer_id(rng: kit.Rng) -> str:
    return base58.encode(b"\0\x24\x08\x01\x12\x20" + rng.bytes(32))


def _escaped(rng: kit.Rng) -> str:
    return "".join(["%{:02x}".format(byte) for byte in rng.bytes(1 + rng.below(9))])


def _name(rng: kit.Rng) -> str:
    return "x" + str(rng.below(1000))


def _base32(rng: kit.Rng, size: int) -> str:
    return multibase.bits_encode(rng.bytes(size), multibase.BASE32)


MAKERS = {
    "ip4": lambda rng: ip.text(rng.bytes(4)),
    "ip6": lambda rng: ip.text(rng.bytes(2) + bytes(8) + rng.bytes(6)),
    "p2p": _peer_id,
    "ipfs": _peer_id,
    "certhash": lambda rng: multibase.encode("fbkzu"[rng.below(5)], b"\x12\x20" + rng.bytes(32)),
    "onion": lambda rng: _base32(rng, 10) + ":80",
    "onion3": lambda rng: _base32(rng, 35) + ":65535",
    "garlic32": lambda rng: _base32(rng, 32 if rng.below(2) else 36),
    "garlic64": lambda rng: multibase.bits_encode(rng.bytes(387), multibase.BASE64 + "-~"),
    "http-path": _escaped,
    "serial": _escaped,
    "ble": _escaped,
    "dns4": _name,
    "ip6zone": _name,
    "unix": lambda rng: _name(rng) + "/" + _name(rng),
    "ipcidr": lambda rng: str(rng.below(256)),
}


def test_a_frame_of_garbage_is_an_error_of_the_peer():
    error = kit.raises(EdgeError, read_fields, b"\x0a\xff")
    assert isinstance(error, RemoteError)


if __name__ == "__main__":
    kit.run(globals())
