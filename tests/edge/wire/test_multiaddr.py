"""Addresses: vectors, what is refused, and what can be asked of one."""

from edge.errors import LocalError, RemoteError
from edge.wire import multiaddr
from edge.wire.multiaddr import Multiaddr
from tests import kit
from tests.vectors import multiaddr as vectors

ID = bytes.fromhex(vectors.ED25519_BYTES)
OTHER_ID = b"\x12\x20" + bytes(32)


def test_vectors():
    for text, data in vectors.GOOD + vectors.PRIVATE:
        address = Multiaddr(text)
        assert address.to_bytes() == bytes.fromhex(data), text
        assert str(Multiaddr.from_bytes(bytes.fromhex(data))) == text
        assert Multiaddr.from_peer_text(text) == address


def test_other_ways_to_write():
    for text, written in vectors.READ_AS:
        assert str(Multiaddr(text)) == written
        assert Multiaddr(written) == Multiaddr(text)


def test_refused_texts():
    for text in vectors.REFUSED:
        kit.raises(LocalError, Multiaddr, text)
        kit.raises(RemoteError, Multiaddr.from_peer_text, text)


def test_refused_bytes():
    for data in vectors.REFUSED_BYTES:
        kit.raises(RemoteError, Multiaddr.from_bytes, bytes.fromhex(data))


def test_an_error_names_the_address_and_the_fault():
    error = kit.raises(LocalError, Multiaddr, "/ip4/::1")
    assert "/ip4/::1" in str(error) and "IPv4" in str(error)
    error = kit.raises(LocalError, Multiaddr, "/dns4/\x1b[2J")
    assert "\x1b" not in str(error)


def test_bounds_are_inclusive():
    longest = Multiaddr("/dns4/" + "a" * 1021)
    assert len(longest.to_bytes()) == multiaddr.SIZE_MAX
    assert len(Multiaddr("/p2p-circuit" * multiaddr.COMPONENTS_MAX).components) == 32
    escaped = Multiaddr.from_bytes(b"\xe1\x03" + b"\xfc\x07" + b"\0" * 1020)
    assert len(str(escaped)) < multiaddr.TEXT_MAX and Multiaddr(str(escaped)) == escaped


def test_values_are_equal_by_their_bytes():
    first, second = Multiaddr("/ip4/1.2.3.4/tcp/1"), Multiaddr("/ip4/1.2.3.4/tcp/1/")
    assert first == second and hash(first) == hash(second)
    assert first != Multiaddr("/ip4/1.2.3.4/udp/1")
    assert first != "/ip4/1.2.3.4/tcp/1"
    assert {first: 1}[second] == 1


def test_what_arrived_is_copied():
    data = bytearray(Multiaddr("/ip4/1.2.3.4").to_bytes())
    for view in (data, memoryview(data)):
        address = Multiaddr.from_bytes(view)
        data[1] = 9
        assert str(address) == "/ip4/1.2.3.4" and isinstance(address.to_bytes(), bytes)
        data[1] = 1


def test_components_and_values():
    address = Multiaddr("/ip4/1.2.3.4/tcp/5/ws/p2p/{}/p2p-circuit".format(vectors.ED25519))
    assert address.components == (
        ("ip4", "1.2.3.4"),
        ("tcp", "5"),
        ("ws", None),
        ("p2p", vectors.ED25519),
        ("p2p-circuit", None),
    )
    assert address.value("tcp") == "5" and address.raw("tcp") == b"\0\x05"
    assert address.value("ws") is None and address.raw("ws") == b""
    assert address.value("udp") is None and address.raw("udp") is None
    assert address.value("no such protocol") is None
    assert address.raw("p2p") == ID
    assert Multiaddr("/ip4/1.2.3.4/ip4/5.6.7.8").value("ip4") == "1.2.3.4"
    assert Multiaddr("/unix/a/b").value("unix") == "/a/b"
    assert Multiaddr("/serial/%2Fdev%2FttyS0").raw("serial") == b"/dev/ttyS0"


def test_whom_an_address_leads_to():
    relay = Multiaddr("/ip4/1.2.3.4/tcp/5").with_peer_id(OTHER_ID)
    assert Multiaddr("/ip4/1.2.3.4").peer_id is None
    assert relay.peer_id == OTHER_ID
    circuit = relay.encapsulate(Multiaddr("/p2p-circuit"))
    assert circuit.peer_id is None
    assert circuit.with_peer_id(ID).peer_id == ID
    assert Multiaddr("/p2p/{}/http-path/x".format(vectors.ED25519)).peer_id == ID


def test_with_peer_id():
    address = Multiaddr("/ip4/1.2.3.4/tcp/5")
    whole = address.with_peer_id(ID)
    assert str(whole) == "/ip4/1.2.3.4/tcp/5/p2p/" + vectors.ED25519
    assert whole.with_peer_id(ID) == whole == whole.with_peer_id(OTHER_ID)
    kit.raises(LocalError, address.with_peer_id, b"\x12\x20")
    kit.raises(LocalError, Multiaddr("/unix/a").with_peer_id, ID)


def test_encapsulate():
    address = Multiaddr("/ip4/1.2.3.4").encapsulate(Multiaddr("/tcp/5"))
    assert str(address) == "/ip4/1.2.3.4/tcp/5"
    kit.raises(LocalError, Multiaddr("/unix/a").encapsulate, address)
    kit.raises(LocalError, Multiaddr("/dns4/" + "a" * 1020).encapsulate, address)
    kit.raises(LocalError, Multiaddr("/tls" * 31).encapsulate, address)


def test_decapsulate_cuts_at_the_last():
    address = Multiaddr("/ip4/1.2.3.4/tcp/1/ip4/5.6.7.8/tcp/2/tls")
    assert str(address.decapsulate("tcp")) == "/ip4/1.2.3.4/tcp/1/ip4/5.6.7.8"
    assert str(address.decapsulate("ip4")) == "/ip4/1.2.3.4/tcp/1"
    assert address.decapsulate("udp") == address
    assert Multiaddr("/tcp/1").decapsulate("tcp") is None
    # A name that merely begins alike, and bytes that look like the code.
    assert str(Multiaddr("/tcp/1/wss").decapsulate("ws")) == "/tcp/1/wss"
    assert str(Multiaddr("/ip4/6.6.6.6/udp/1").decapsulate("tcp")) == "/ip4/6.6.6.6/udp/1"


def test_what_may_be_told_to_strangers():
    for text, standard, shareable in (
        ("/ip4/1.2.3.4/tcp/5", True, True),
        ("/udp/1/quic-v1/webtransport", True, True),
        ("/tcp/1/plaintextv2", True, True),
        ("/memory/1", True, False),
        ("/unix/a", True, False),
        ("/ip6zone/eth0/ip6/fe80::1/tcp/1", True, False),
        ("/serial/x", False, False),
        ("/ble/x", False, False),
        ("/ip4/1.2.3.4/tcp/5/p2p/{}/p2p-circuit/serial/x".format(vectors.ED25519), False, False),
    ):
        address = Multiaddr(text)
        assert (address.is_standard, address.is_shareable) == (standard, shareable), text


def test_a_name_is_not_searched_in_the_table_text():
    for name in ("4", "421", "ip4 4", "4 tcp", "\n", " ", "t", "%"):
        kit.raises(LocalError, Multiaddr, "/{}/1".format(name))


if __name__ == "__main__":
    kit.run(globals())
