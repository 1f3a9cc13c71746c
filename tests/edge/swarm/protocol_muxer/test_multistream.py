"""multistream-select: agreement, and all that a stranger may send instead."""

from edge.errors import LocalError, RemoteError
from edge.swarm.protocol_muxer import Agreed, Refused
from edge.swarm.protocol_muxer.multistream import (
    AGREED,
    FAILED,
    LINE_BYTES_MAX,
    OFFERS_MAX,
    REFUSED,
    Dialer,
    Listener,
    line,
)
from edge.wire import varint
from tests import kit

HEADER = line("/multistream/1.0.0")


def test_first_flight_is_header_and_offer():
    expected = bytes.fromhex("132f6d756c746973747265616d2f312e302e300a072f6e6f6973650a")
    assert Dialer(["/noise"]).data_to_send() == expected


def test_first_offer_is_taken():
    dialer, listener = Dialer(["/noise"]), Listener(["/tls/1.0.0", "/noise"])
    kit.pump(dialer, listener)
    assert dialer.next_event().protocol == listener.next_event().protocol == "/noise"
    assert dialer.state == listener.state == AGREED
    assert dialer.next_event() is None


def test_second_offer_after_na():
    dialer, listener = Dialer(["/tls/1.0.0", "/noise"]), Listener({"/noise": 1})
    kit.pump(dialer, listener)
    assert dialer.next_event().protocol == "/noise"


def test_nothing_in_common_is_refused_not_an_error():
    dialer, listener = Dialer(["/a", "/b"]), Listener(["/c"])
    kit.pump(dialer, listener)
    assert dialer.next_event() == Refused(["/a", "/b"]) and dialer.state == REFUSED
    assert listener.next_event() is None


def test_any_chunking_gives_the_same_end():
    for chunk in range(1, 45):
        dialer, listener = Dialer(["/a", "/b", "/c"]), Listener(["/c"])
        kit.pump(dialer, listener, chunk)
        assert dialer.next_event() == listener.next_event() == Agreed("/c", b"")


def test_bytes_behind_the_agreement_belong_to_the_protocol():
    listener = Listener(["/noise"])
    listener.receive_data(Dialer(["/noise"]).data_to_send() + b"hello")
    assert listener.next_event() == Agreed("/noise", b"hello")
    assert listener.data_to_send() == HEADER + line("/noise")
    dialer = Dialer(["/noise"])
    dialer.receive_data(HEADER + line("/noise") + b"hello")
    assert dialer.next_event() == Agreed("/noise", b"hello")


def test_dialer_sends_first_and_listener_only_answers():
    """go's listener greets at once, js's waits: neither may be waited for."""
    assert Dialer(["/a"]).data_to_send()
    assert Listener(["/a"]).data_to_send() == b""


def test_ls_and_simultaneous_open_are_answered_na():
    for unknown in ("ls", "/libp2p/simultaneous-connect", "select:1", "/multistream/1.0.0"):
        listener = Listener(["/a"])
        listener.receive_data(HEADER + line(unknown))
        assert listener.data_to_send() == HEADER + line("na")
        listener.receive_data(line("/a"))
        assert listener.next_event() == Agreed("/a", b"")


HOSTILE = (
    b"\x00",  # length 0
    b"\x01\n" + HEADER,  # an empty line instead of the header
    line("/multistream/1.0.1"),
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    bytes.fromhex("1603010200010001fc0303") + bytes(40),  # TLS ClientHello
    varint.encode(LINE_BYTES_MAX + 1),  # refused before the line is waited for
    varint.encode(16384),
    b"\xff" * 10,  # varint of 10 bytes
    b"\x81\x00\n",  # varint not minimal
    b"\x03abc",  # no newline
    b"\x03\xff\xfe\n",  # not UTF-8
    line("/multi\nstream/1.0.0"),
)


def test_hostile_first_lines():
    for hostile in HOSTILE:
        for core in (Listener(["/noise"]), Dialer(["/noise"])):
            assert kit.raises(RemoteError, core.receive_data, hostile), hostile
            assert core.state == FAILED
            kit.raises(LocalError, core.receive_data, b"x")


def test_hostile_answers():
    for answer in (line("/other"), line("/noise "), line("/nois"), HEADER, b"\x01\n"):
        dialer = Dialer(["/noise"])
        kit.raises(RemoteError, dialer.receive_data, HEADER + answer)
    dialer = Dialer(["/noise"])
    kit.raises(RemoteError, dialer.receive_data, line("na"))  # na to the header


def test_unknown_offers_are_counted():
    listener = Listener(["/a"])
    listener.receive_data(HEADER)
    for number in range(OFFERS_MAX):
        listener.receive_data(line("/no/{}".format(number)))
        listener.data_to_send()
    kit.raises(RemoteError, listener.receive_data, line("/no/more"))


def test_a_long_line_is_bounded_at_both_ends():
    longest = "/" + "x" * (LINE_BYTES_MAX - 2)
    listener = Listener([longest])
    listener.receive_data(Dialer([longest]).data_to_send())
    assert listener.next_event().protocol == longest
    kit.raises(LocalError, Dialer, ["/" + "x" * LINE_BYTES_MAX])


def test_garbage_raises_nothing_but_remote_error():
    rng = kit.Rng(7)
    for _ in range(300):
        data = rng.bytes(1 + rng.below(60))
        if rng.below(2):
            data = HEADER + data
        for core in (Listener(["/a"]), Dialer(["/a", "/b"])):
            try:
                core.receive_data(data)
            except RemoteError:
                assert core.state == FAILED


def test_use_after_the_end_is_our_own_error():
    dialer, listener = Dialer(["/noise"]), Listener(["/noise"])
    kit.pump(dialer, listener)
    kit.raises(LocalError, dialer.receive_data, b"x")
    kit.raises(LocalError, listener.receive_data, b"x")


if __name__ == "__main__":
    kit.run(globals())
