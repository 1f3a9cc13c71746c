"""Records that name the one before: descendants win, forks are decided, lies do not link."""

from edge.errors import RemoteError
from edge.records.record import Record, create, decode, encode_fields, verify
from edge.records.schemes import CHAIN, chain
from edge.records.validators.edge import EdgeValidator
from edge.system import primitives
from edge.wire import protobuf
from tests import kit
from tests.edge.records.samples import BEACON, KEY, OTHER, OTHER_NAME, OWNER, Clocks

EDGE = EdgeValidator()


def grow(length: int, value: bytes = b"", held=None) -> list:
    out: list = []
    for _ in range(length):
        held = chain.extend(OWNER, KEY, value, held)
        out.append(held)
    return out


def hash_of(data: bytes) -> bytes:
    return primitives.sha256(decode(data).data)


def test_each_names_the_one_before():
    grown = grow(4)
    records = [verify(data) for data in grown]
    assert [one.version for one in records] == [0, 1, 2, 3]
    assert [chain.previous(one) for one in records] == [b""] + [hash_of(one) for one in grown[:3]]
    for data in grown:
        EDGE.validate(KEY, data, 0)
        assert EDGE.lifetime_ms(data, 0) is None and EDGE.aged(data, 1000) is data
    chain.check_links(grown)
    chain.check_links(grown[2:])
    chain.check_links([])


def test_a_descendant_beats_its_ancestors():
    grown = grow(4)
    assert EDGE.select(KEY, grown) == 3 and EDGE.select(KEY, list(reversed(grown))) == 0
    assert EDGE.compare(KEY, grown[2], grown[1]) == 1


def test_a_fork_is_decided():
    root = grow(1)[0]
    ours, theirs = grow(2, b"a", root), grow(1, b"b", root)
    pair = [ours[0], theirs[0]]
    winner = max(pair, key=hash_of)
    assert pair[EDGE.select(KEY, pair)] == winner
    pair.reverse()
    assert pair[EDGE.select(KEY, pair)] == winner
    assert EDGE.compare(KEY, ours[1], theirs[0]) == 1  # the longer branch, whatever the hash
    chain.check_links([root] + ours)
    chain.check_links([root] + theirs)
    kit.raises(RemoteError, chain.check_links, [root, theirs[0], ours[1]])


def test_a_missing_parent():
    grown = grow(4)
    EDGE.validate(KEY, grown[3], 0)  # it is judged alone
    for broken in ([grown[0], grown[2]], [grown[1], grown[0]], [grown[0], grown[0]]):
        error = str(kit.raises(RemoteError, chain.check_links, broken))
        assert "without its parent" in error


def test_a_cycle():
    """Of the heights a cycle needs one is wrong, and a hash that closes it cannot be found."""
    grown = grow(3)
    kit.raises(RemoteError, chain.check_links, grown + [grown[0]])
    back = encode_fields((hash_of(grown[2]),))
    for height in (0, 1, 2, 4):
        rule = CHAIN, back if height else b""
        data = create(OWNER, KEY, b"back", height, rule)
        kit.raises(RemoteError, chain.check_links, [grown[2], data])
        kit.raises(RemoteError, chain.check_links, [data, grown[1]])
    chain.check_links([grown[2], create(OWNER, KEY, b"back", 3, (CHAIN, back))])


def test_links_between_names_are_none():
    parent = chain.extend(OTHER, BEACON, b"")
    link = encode_fields((hash_of(parent),))
    data = create(OWNER, KEY, b"", 1, (CHAIN, link))
    EDGE.validate(KEY, data, 0)
    kit.raises(RemoteError, chain.check_links, [parent, data])


def test_links_must_be_signed_and_of_a_chain():
    grown = grow(2)
    forged = grown[1][:-1] + bytes([grown[1][-1] ^ 1])
    assert "signature" in str(kit.raises(RemoteError, chain.check_links, [grown[0], forged]))
    other = create(OWNER, KEY, b"", 1)
    assert "no part" in str(kit.raises(RemoteError, chain.check_links, [grown[0], other]))


def test_what_is_no_link():
    for height, validity in (
        (1, b""), ((1 << 64) - 1, b""), (0, protobuf.encode_bytes(1, bytes(32))),
        (1, protobuf.encode_bytes(1, bytes(31))),
        (1, protobuf.encode_bytes(1, bytes(33))), (1, protobuf.encode_uint(1, 1)), (1, b"x"),
        (1, protobuf.encode_bytes(1, bytes(32)) * 2), (0, protobuf.encode_bytes(1, b"")),
        (1, protobuf.encode_bytes(2, bytes(32))),
    ):  # fmt: skip
        kit.raises(RemoteError, chain.rank, Record(KEY, CHAIN, height, validity, b""))


def test_beats_are_learned_from_beacons_alone():
    time = Clocks().time
    edge = EdgeValidator(time)
    beats = []
    for _ in range(3):
        beats.append(chain.extend(OTHER, BEACON, b"", beats[-1] if beats else None))
    edge.validate(BEACON, beats[2], 0)
    edge.validate(BEACON, beats[1], 0)
    assert time.beat(OTHER_NAME.to_bytes()) == 2
    forged = beats[2][:-1] + bytes([beats[2][-1] ^ 1])
    other = Clocks().time
    kit.raises(RemoteError, EdgeValidator(other).validate, BEACON, forged, 0)
    for data in grow(3):
        EdgeValidator(other).validate(KEY, data, 0)
    plain = create(OTHER, BEACON, b"", 9)
    EdgeValidator(other).validate(BEACON, plain, 0)
    assert other.beat(OTHER_NAME.to_bytes()) == 0
    assert other.beat(OWNER.public.encode()) == 0 and not other._beats


if __name__ == "__main__":
    kit.run(globals())
