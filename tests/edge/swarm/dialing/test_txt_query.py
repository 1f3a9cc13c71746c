"""The question and its answer as bytes, from one, and from everybody else."""

from edge.errors import LinkError, RemoteError
from edge.mdns import message
from edge.swarm.dialing import txt_query
from edge.swarm.dialing.txt_query import TxtQuery
from tests import kit
from tests.dns_server import txt

NAME = "_dnsaddr.example.org"
OWNER = message.name(NAME)
QUESTION = (OWNER, 16, 1)
PLAIN = bytes.fromhex(  # id, recursion desired, one question; name, TXT, IN
    "123401000001000000000000085f646e7361646472076578616d706c65036f72670000100001"
)
EXTENDED = PLAIN[:11] + b"\1" + PLAIN[12:] + bytes.fromhex("00002904d0000000000000")


def answer(*records, flags: int = 0x8180, id: int = 0x1234, question=QUESTION) -> bytes:
    return message.encode(flags, [question], records, (), id)


def said(*strings, owner: bytes = OWNER) -> tuple:
    return owner, 16, 1, 60, txt(strings)


def query() -> TxtQuery:
    return TxtQuery(NAME, 0x1234, False)


def test_the_question():
    assert query().packet == PLAIN
    assert TxtQuery(NAME, 0x1234, True).packet == EXTENDED
    assert TxtQuery("_DNSADDR.Example.ORG.", 0x1234, False).packet == PLAIN
    assert txt_query.framed(PLAIN) == b"\0\x26" + PLAIN
    assert txt_query.size(b"\x01\x02") == 258


def test_names_dns_cannot_carry():
    label = "x" * 63
    longest = ".".join([label, label, label, "y" * 61])
    assert len(longest) == txt_query.NAME_MAX == 253
    TxtQuery(longest, 1, True)
    TxtQuery(longest + ".", 1, True)
    for name in ("", ".", "a..b", ".a", "a..", label + "x", longest + "y", "b\xfccher.example"):
        kit.raises(LinkError, TxtQuery, name, 1, True)


def test_strings_are_joined():
    found = query().texts(answer(said(b"dnsaddr=", b"/ip4/1.2", b".3.4"), said(b"b"), said()))
    assert found == [b"dnsaddr=/ip4/1.2.3.4", b"b", b""]


def test_what_fits():
    fits = query().fits
    assert fits(answer(said(b"a")))
    assert fits(answer(said(b"a"), question=(b"\x08_DNSaddr\x07EXAMPLE\x03org\0", 16, 1)))
    assert not fits(answer(said(b"a"), id=0x1235))
    assert not fits(answer(said(b"a"), flags=0x0100))  # a question
    assert not fits(answer(said(b"a"), question=(message.name("_dnsaddr.example.net"), 16, 1)))
    assert not fits(answer(said(b"a"), question=(OWNER, 1, 1)))
    assert not fits(message.encode(0x8180, [], [said(b"a")], (), 0x1234))
    assert not fits(message.encode(0x8180, [QUESTION, QUESTION], [], (), 0x1234))
    whole = answer(said(b"a"))
    assert next(size for size in range(len(whole)) if fits(whole[:size])) == len(PLAIN)


def test_an_answer_cut_off():
    assert query().is_cut(answer(flags=0x8380))
    assert not query().is_cut(answer())


def test_no_such_name():
    assert query().texts(answer(flags=0x8183)) == []
    assert query().texts(answer()) == []


def test_a_server_that_complains():
    for code in (1, 2, 4, 5):
        kit.raises(RemoteError, query().texts, answer(flags=0x8180 | code))


def test_records_of_others_are_left_out():
    other = message.name("other.org")
    assert query().texts(answer(said(b"a"), said(b"b", owner=other))) == [b"a"]
    not_text = (OWNER, 1, 1, 60, b"\1\2\3\4")
    not_internet = (OWNER, 16, 3, 60, b"\1c")
    assert query().texts(answer(said(b"a"), not_text, not_internet)) == [b"a"]


def test_a_name_that_is_another():
    alias = (OWNER, 5, 1, 60, message.name("other.org"))
    found = query().texts(answer(alias, said(b"b", owner=message.name("other.org"))))
    assert found == [b"b"]


def test_broken_answers():
    whole = answer(said(b"dnsaddr=/ip4/1.2.3.4"))
    for size in range(len(PLAIN), len(whole)):
        kit.raises(RemoteError, query().texts, whole[:size])
    too_long = answer((OWNER, 16, 1, 60, b"\x05abc"))  # a string past the end of its record
    kit.raises(RemoteError, query().texts, too_long)
    many = answer(*[said(b"a") for _ in range(256)])
    kit.raises(RemoteError, query().texts, many)


if __name__ == "__main__":
    kit.run(globals())
