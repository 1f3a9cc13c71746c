"""Everything that turns a peer's bytes or text into a value."""

from edge.errors import RemoteError
from edge.wire import cid, ip, multibase, multihash, protobuf, varint
from edge.wire.buffer import Buffer
from edge.wire.multiaddr import Multiaddr


def fuzz_varint(data: bytes) -> None:
    found = varint.decode(data)
    if found:
        assert varint.encode(found[0]) == data[: found[1]]


def fuzz_frames(data: bytes) -> None:
    """The first byte says in how large pieces the rest arrives: no piece may matter."""
    step = data[0] + 1 if data else 1
    assert _frames(data[1:], step) == _frames(data[1:], len(data) or 1)


def _frames(data: bytes, step: int) -> tuple[list[bytes], bool]:
    buffer = Buffer()
    found = []
    try:
        for start in range(0, len(data), step):
            buffer.append(data[start : start + step])
            frame = buffer.take_frame(64)
            while frame is not None:
                found.append(frame)
                frame = buffer.take_frame(64)
    except RemoteError:
        return found, False
    return found, True


def fuzz_protobuf(data: bytes) -> None:
    for _ in protobuf.fields(memoryview(data)):
        pass
    protobuf.parse(data, "ubsUBS-bu")


def fuzz_multiaddr(data: bytes) -> None:
    address = Multiaddr.from_bytes(data)
    assert address.to_bytes() == data
    assert Multiaddr.from_peer_text(str(address)) == address


def fuzz_multiaddr_text(data: bytes) -> None:
    address = Multiaddr.from_peer_text(_text(data))
    assert Multiaddr.from_bytes(address.to_bytes()) == address


def fuzz_cid(data: bytes) -> None:
    version, codec, digest = cid.decode(data)
    multihash.decode(digest)
    if version == 1:
        assert cid.decode(cid.encode(codec, digest)) == (version, codec, digest)


def fuzz_multibase(data: bytes) -> None:
    text = _text(data)
    assert multibase.decode(multibase.encode("b", multibase.decode(text))) == multibase.decode(text)


def fuzz_ip6_text(data: bytes) -> None:
    found = ip.parse6(_text(data))
    assert ip.parse6(ip.text(found)) == found


def _text(data: bytes) -> str:
    """Any text: bytes that are no UTF-8 become halves of surrogate pairs."""
    return data.decode("utf-8", "surrogateescape")


TARGETS = {
    "varint": fuzz_varint,
    "frames": fuzz_frames,
    "protobuf": fuzz_protobuf,
    "multiaddr": fuzz_multiaddr,
    "multiaddr_text": fuzz_multiaddr_text,
    "cid": fuzz_cid,
    "multibase": fuzz_multibase,
    "ip6_text": fuzz_ip6_text,
}
