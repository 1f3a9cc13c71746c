"""Names of records: bytes and text of each other, and who owns them."""

from edge.errors import LocalError, RemoteError
from edge.identity.peer_id import PeerId
from edge.records import KEY_BYTES_MAX, names
from edge.records.validators import ipns, pk
from tests import kit
from tests.edge.records.samples import KEY, NAME

TEXT = "/edge/" + str(NAME) + "/sensors/1"
HASHED = PeerId(b"\x12\x20" + b"/" * 32)  # whose bytes are slashes
ID = NAME.to_bytes()


def test_bytes_and_text_of_each_other():
    assert names.edge_key(NAME, "sensors/1") == KEY == b"/edge/" + ID + b"/sensors/1"
    for key, text in (
        (KEY, TEXT),
        (b"/edge/" + HASHED.to_bytes() + b"/a", "/edge/" + str(HASHED) + "/a"),
        (ipns.key_of(NAME), "/ipns/" + str(NAME)),
        (pk.key_of(HASHED), "/pk/" + str(HASHED)),
    ):
        assert names.text_of(key) == text
        assert names.key_of(text) == key
        assert names.owner_of(key) == (NAME if str(NAME) in text else HASHED).to_bytes()


def test_a_slash_in_a_peer_id_is_none_of_the_path():
    key = b"/edge/" + HASHED.to_bytes() + b"/a/b"
    assert names.split(key) == (HASHED.to_bytes(), b"a/b")


def test_a_peer_id_in_another_text():
    from edge.wire import cid, multicodec

    other = cid.encode_text(multicodec.LIBP2P_KEY, ID)
    assert other != str(NAME) and names.key_of("/edge/" + other + "/sensors/1") == KEY


def test_paths_there_are():
    for path in ("a", "!", "~", "a/b/c", "...", ".a", "a.", "x" * 35, "x/" * 17 + "x"):
        key = names.edge_key(NAME, path)
        assert names.split(key) == (ID, path.encode())
        assert names.key_of(names.text_of(key)) == key
    assert len(names.edge_key(NAME, "x" * 35)) == KEY_BYTES_MAX


def test_paths_there_are_not():
    for path in ("", "/", "a/", "/a", "a//b", ".", "..", "a/..", "./a", "a b", "a\n", "\x7f", "\0",
                 "\u00e4", "x" * 36):  # fmt: skip
        kit.raises(LocalError, names.edge_key, NAME, path)
        kit.raises(RemoteError, names.split, b"/edge/" + ID + b"/" + path.encode())
        kit.raises(LocalError, names.key_of, "/edge/" + str(NAME) + "/" + path)


def test_a_key_of_more_than_80_bytes():
    long = b"/edge/\x00\x2a" + bytes(42) + b"/"  # the longest peer id there can be
    assert names.split(long + b"x" * 29)
    kit.raises(RemoteError, names.split, long + b"x" * 30)


def test_keys_that_are_none():
    for key in (b"", b"/", b"/edge", b"/edge/", b"edge/" + ID + b"/a", b"/edge/" + ID,
                b"/edge/" + ID + b"/", b"/edge/" + ID + b"ab", b"/edge/" + ID[:-1] + b"/a",
                b"/edge//" + ID + b"/a", b"/EDGE/" + ID + b"/a", b"/edge/\x00", b"/edge/\x00/a",
                b"/edge/\x00\x00/a", b"/edge/\x12\x20" + bytes(31),
                b"/edge/\x16\x20" + bytes(32) + b"/a",
                b"/edge/\x00\x2b" + bytes(43) + b"/a", b"/ipns/" + ID + b"/a"):  # fmt: skip
        kit.raises(RemoteError, names.split, key)
        assert names.owner_of(key) is None, key
        names.text_of(key)


def test_text_for_people_of_anything():
    assert names.text_of(b"/new/a") == "/new/a"
    assert names.text_of(b"") == ""
    for key in (b"\xff\x1b[2J", b"/\xff\xfe/x", b"/edge/\n", bytes(range(80))):
        text = names.text_of(key)
        assert not [one for one in text if not " " <= one <= "~"], text


def test_text_that_is_no_name():
    for text in ("", "/", "edge", TEXT[1:], "/new/" + str(NAME), "/edge/nobody/a", "/edge//a",
                 "/edge/" + str(NAME), "/ipns/" + str(NAME) + "/a", "/pk/" + str(NAME) + "/",
                 "/ipns/", " " + TEXT, TEXT + " "):  # fmt: skip
        kit.raises(LocalError, names.key_of, text)


def test_what_names_begin_with():
    for text, prefix in (
        ("", b""), ("/", b"/"), ("/ed", b"/ed"), ("/edge/", b"/edge/"),
        ("/edge/" + str(NAME), b"/edge/" + ID), ("/edge/" + str(NAME) + "/", b"/edge/" + ID + b"/"),
        (TEXT[:-3], KEY[:-3]), (TEXT, KEY), ("/pk/" + str(HASHED), b"/pk/" + HASHED.to_bytes()),
    ):  # fmt: skip
        assert names.prefix_of(text) == prefix
    for text in ("/edge/12D3KooW", "/new/" + str(NAME), "x/edge/" + str(NAME)):
        kit.raises(LocalError, names.prefix_of, text)


if __name__ == "__main__":
    kit.run(globals())
