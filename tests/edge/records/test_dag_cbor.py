"""DAG-CBOR: what is accepted has one form, and everything else is refused."""

from edge.errors import LocalError, RemoteError
from edge.records import dag_cbor
from edge.records.dag_cbor import Float, Link
from tests import kit

CID = bytes.fromhex("01711220") + bytes(32)

# RFC 8949, appendix A, as far as DAG-CBOR has it; a link as IPLD writes it.
FORMS = (
    (0, "00"),
    (1, "01"),
    (23, "17"),
    (24, "1818"),
    (100, "1864"),
    (255, "18ff"),
    (256, "190100"),
    (1000, "1903e8"),
    (1000000, "1a000f4240"),
    (1000000000000, "1b000000e8d4a51000"),
    (18446744073709551615, "1bffffffffffffffff"),
    (-1, "20"),
    (-24, "37"),
    (-25, "3818"),
    (-1000, "3903e7"),
    (-18446744073709551616, "3bffffffffffffffff"),
    (False, "f4"),
    (True, "f5"),
    (None, "f6"),
    (b"", "40"),
    (b"\1\2\3\4", "4401020304"),
    ("", "60"),
    ("IETF", "6449455446"),
    ("\u00fc", "62c3bc"),
    ("\u6c34", "63e6b0b4"),
    ("\U00010151", "64f0908591"),
    ([], "80"),
    ([1, 2, 3], "83010203"),
    ([1, [2, 3], [4, 5]], "8301820203820405"),
    ({}, "a0"),
    ({"a": 1, "b": [2, 3]}, "a26161016162820203"),
    (["a", {"b": "c"}], "826161a161626163"),
    (Float(bytes.fromhex("3ff199999999999a")), "fb3ff199999999999a"),
    (Link(CID), "d82a582500" + CID.hex()),
)

REFUSED = (
    "",
    "0000",  # something behind
    "1817 18 1900ff 1a0000ffff 1b00000000ffffffff 3800 5800 7800 9800 b800",  # longer than needed
    "1c 1d 1e 1f 3c 5c 5e 7d 9e bd dc",  # lengths there are not
    "5f42010243030405ff 7f657374726561646d696e67ff 9f01ff bf616101ff ff",  # without an end
    "e0 f0 f7 f800 f814 f8ff",  # simple values there are not
    "f93c00 fa47c35000 f97e00 fb7ff0000000000000 fbfff0000000000000 fb7ff8000000000000",  # floats
    "c074323031332d30332d32315432303a30343a30305a c11a514b67b0 d818456449455446",  # tags
    "d9002a420001 d82a40 d82a4100 d82a420101 d82a6100 d82a00 d82a",  # links
    "a10102 a1410102 a1f601 a1810101",  # keys that are no text
    "a2616201616101 a262616101616201 a2616101616101",  # keys out of order, twice
    "61ff 61c3 62c328 62c080 63e08080 63eda080 64f4908080 64f0808080 a161ff00",  # no UTF-8
    "18 19 1903 1a0000 1b00 41 4201 61 81 8201 a1 a16161 a2616101 fb00 d8",  # cut off
    "5bffffffffffffffff 7bffffffffffffffff 9bffffffffffffffff bbffffffffffffffff 9affffffff00",
)


def test_forms():
    for value, form in FORMS:
        data = bytes.fromhex(form)
        assert dag_cbor.encode(value) == data, form
        found = dag_cbor.decode(data)
        assert found == value and type(found) is type(value), form


def test_what_is_refused():
    for line in REFUSED:
        for form in line.split(" "):
            error = kit.raises(RemoteError, dag_cbor.decode, bytes.fromhex(form))
            assert "CBOR" in str(error), form


def test_cut_anywhere():
    whole = dag_cbor.encode([form[0] for form in FORMS])
    assert dag_cbor.encode(dag_cbor.decode(whole)) == whole
    for size in range(len(whole)):
        kit.raises(RemoteError, dag_cbor.decode, whole[:size])


def test_keys_are_ordered_by_length_first():
    tree = {
        "Value": 1,
        "TTL": 2,
        "ValidityType": 3,
        "Sequence": 4,
        "Validity": 5,
        "\u00e9\u00e9": 6,
    }
    data = dag_cbor.encode(tree)
    places = [data.index(key.encode()) for key in ("TTL", "\u00e9\u00e9", "Value")]
    places += [data.index(key) for key in (b"Sequence", b"Validity\x05", b"ValidityType")]
    assert places == sorted(places)
    assert dag_cbor.decode(data) == tree


def test_only_so_deep():
    def tower(depth: int) -> bytes:
        return b"\x81" * (depth - 1) + b"\x00"

    dag_cbor.decode(tower(dag_cbor.DEPTH_MAX))
    kit.raises(RemoteError, dag_cbor.decode, tower(dag_cbor.DEPTH_MAX + 1))
    kit.raises(RemoteError, dag_cbor.decode, tower(5000))
    kit.raises(RemoteError, dag_cbor.decode, b"\xa1\x61a" * 3000 + b"\x00")
    kit.raises(RemoteError, dag_cbor.decode, b"\xd8\x2a" * 3000)


def test_only_so_many_values():
    most = dag_cbor.ITEMS_MAX - 1
    assert len(dag_cbor.decode(dag_cbor.encode([0] * most))) == most
    kit.raises(RemoteError, dag_cbor.decode, dag_cbor.encode([0] * (most + 1)))
    kit.raises(RemoteError, dag_cbor.decode, b"\x84" * 7 + b"\x98\xff" + bytes(255))
    pairs = {str(number): 0 for number in range(most // 2)}
    assert dag_cbor.decode(dag_cbor.encode(pairs)) == pairs
    pairs["more"] = 0
    kit.raises(RemoteError, dag_cbor.decode, dag_cbor.encode(pairs))


def test_only_so_long():
    size = dag_cbor.SIZE_MAX - 3
    assert dag_cbor.decode(dag_cbor.encode(bytes(size))) == bytes(size)
    kit.raises(RemoteError, dag_cbor.decode, dag_cbor.encode(bytes(size + 1)))


def test_numbers_of_more_than_64_bits():
    kit.raises(LocalError, dag_cbor.encode, 1 << 64)
    kit.raises(LocalError, dag_cbor.encode, -1 - (1 << 64))


if __name__ == "__main__":
    kit.run(globals())
