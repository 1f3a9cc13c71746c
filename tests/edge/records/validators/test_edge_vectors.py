"""Records under /edge, byte for byte: what iprs_records.txt says, made and judged again."""

from edge.errors import RemoteError
from edge.identity.keys import PrivateKey
from edge.identity.peer_id import PeerId
from edge.records import names, record
from edge.records.observed import Time
from edge.records.schemes import open_scheme
from edge.records.validators.edge import EdgeValidator, Moment
from tests import kit

FILE = "tests/vectors/iprs_records.txt"
NOW_MS = 1800000000000
ANYTIME = (Moment(NOW_MS), Moment(NOW_MS - 86400000), Moment(0))

OWNERS: dict = {}  # seed in hexadecimal -> its key: one takes long to make on a chip


def blocks():
    """``[kind, words, fields, notes]`` of each, one at a time: a chip has no room for all."""
    block: list = ["", [], {}, []]
    with open(FILE) as lines:
        for line in lines:
            words = line.split()
            if line[0] == " ":
                take(words, block[2], block[3])
            elif line[0] != "#":
                yield block
                block = [words[0], words[1:], {}, []]
    yield block


def take(words: list, fields: dict, notes: list) -> None:
    """A line below the first: a field, more of the field before, or a note."""
    if words[0] in ("valid", "invalid", "untrusted", "stale"):
        notes.append(words)
    elif len(words) == 2:
        fields["last"] = words[0]
        fields[words[0]] = "" if words[1] == "-" else words[1]
    else:
        fields[fields["last"]] += words[0]


def bundle_of(fields: dict) -> bytes:
    return bytes.fromhex(fields["bundle"])


def owner_of(fields: dict) -> PrivateKey:
    seed = fields["seed"]
    if seed not in OWNERS:
        OWNERS[seed] = PrivateKey.from_seed(bytes.fromhex(seed))
    return OWNERS[seed]


def test_what_is_made_is_what_is_written():
    count = 0
    for kind, _, fields, _ in blocks():
        if kind == "record":
            owner = owner_of(fields)
            key = names.edge_key(PeerId.from_public_key(owner.public), fields["path"])
            value, validity = bytes.fromhex(fields["value"]), bytes.fromhex(fields["validity"])
            version, rule = int(fields["version"]), (int(fields["scheme"]), validity)
            made = record.create(owner, key, value, version, rule)
            if int(fields["age"]):
                made = record.with_age(record.decode(made), int(fields["age"]))
            assert made == bundle_of(fields), fields
            again = record.Record(key, rule[0], version, validity, value)
            assert record.decode(made).record == again
            count += 1
    assert count == 22, count


def test_when_they_are_valid():
    known = {}
    count = 0
    for kind, words, fields, notes in blocks():
        if kind == "record":
            bundle = known[words[0]] = record.decode(bundle_of(fields))
            assert notes
            for note in notes:
                check_note(note, bundle, known)
                count += 1
    assert count > 35


def check_note(note: list, bundle, known: dict) -> None:
    if note[0] == "stale":
        time = Time(lambda: NOW_MS)
        judged(bundle, time, True)
        beacon = known[note[1]].record
        time.learn(names.split(beacon.key)[0], beacon.version)
        judged(bundle, time, False)
    else:
        time = Moment(int(note[1]))
        if note[0] == "untrusted":
            time.latest_unix_ms = None
        judged(bundle, time, note[0] != "invalid")


def judged(bundle, time, good: bool) -> None:
    scheme = open_scheme(bundle.record.scheme)
    if good:
        scheme.judge(bundle, time)
    else:
        kit.raises(RemoteError, scheme.judge, bundle, time)


def test_what_is_never_valid():
    count = 0
    for kind, words, fields, _ in blocks():
        if kind == "refused":
            key, bundle = bytes.fromhex(fields["key"]), bundle_of(fields)
            for moment in ANYTIME[: 1 if "ignature" in words[0] else 3]:
                refused(key, bundle, moment, words[0])
            count += 1
    assert count == 48, count


def refused(key: bytes, bundle: bytes, moment: Moment, name: str) -> None:
    try:
        EdgeValidator(moment).validate(key, bundle, 0)
    except RemoteError:
        return
    raise AssertionError(name)


def test_which_is_better():
    known = {}
    count = 0
    edge = EdgeValidator()
    for kind, words, fields, _ in blocks():
        if kind == "record":
            known[words[0]] = bundle_of(fields)
        elif kind == "better":
            a, b = known[words[0]], known[words[1]]
            assert edge.compare(b"", a, b) == 1 and edge.compare(b"", b, a) == -1, words
            assert edge.select(b"", [a, b]) == 0 and edge.select(b"", [b, a]) == 1, words
            count += 1
    assert count == 14, count


def test_of_an_owner_whose_key_is_long():
    for kind, _, fields, _ in blocks():
        if kind == "hashed":
            EdgeValidator().validate(bytes.fromhex(fields["key"]), bundle_of(fields), NOW_MS)
            return
    raise AssertionError("there is none")


if __name__ == "__main__":
    kit.run(globals())
