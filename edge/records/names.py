"""Names of records: bytes for machines, text for people.

    /edge/ 00 24 08 01 12 20 .. /sensors/1      a key
    /edge/12D3KooW.. /sensors/1                 its text, without the space

A name under /edge belongs to the key of the peer id in it.  A path has 1 to 35 visible ASCII
characters, in segments between slashes none of which is empty, "." or "..".  Under /pk and /ipns
there is only a peer id.
"""

from edge.errors import LocalError, RemoteError, printable
from edge.identity.peer_id import PeerId
from edge.records import KEY_BYTES_MAX
from edge.records.validators import name_in
from edge.wire import peer_ids

PATH_BYTES_MAX = 35

_OWNED = ("edge", "ipns", "pk")  # namespaces of peer ids


def edge_key(owner: PeerId, path: str) -> bytes:
    """The key of ``path`` under ``owner``; LocalError if there cannot be one."""
    key = b"/edge/" + owner.to_bytes() + b"/" + path.encode()
    try:
        split(key)
    except RemoteError as error:
        raise LocalError(str(error))
    return key


def split(key: bytes) -> "tuple[bytes, bytes]":
    """``(peer id, path)`` of a key of namespace edge; RemoteError if it is none."""
    rest = name_in(key, "edge")
    size = 2 + rest[1] if len(rest) > 1 else 0  # a peer id may have a slash in it
    path = rest[size + 1 :]
    peer_ids.check(rest[:size])
    if len(key) > KEY_BYTES_MAX or rest[size : size + 1] != b"/" or not _is_path(path):
        raise RemoteError("not a path of a record: {}".format(printable(path)))
    return rest[:size], path


def _is_path(path: bytes) -> bool:
    if not 0 < len(path) <= PATH_BYTES_MAX or min(path) <= 0x20 or max(path) >= 0x7F:
        return False
    return not [one for one in path.split(b"/") if one in (b"", b".", b"..")]


def owner_of(key: bytes) -> "bytes | None":
    """The peer id that owns ``key``; None where the namespace does not say."""
    try:
        parts = key.split(b"/", 2)
        namespace = str(parts[1], "utf-8")
        if namespace == "edge":
            return split(key)[0]
        return peer_ids.check(bytes(parts[2])) if namespace in _OWNED else None
    except (RemoteError, ValueError, IndexError):  # UnicodeError is a ValueError
        return None


def text_of(key: bytes) -> str:
    """What to call ``key`` in front of people; ``key_of`` reads it if the key is good."""
    owner = owner_of(key)
    if owner is None:
        return printable(str(key)[2:-1], 4 * KEY_BYTES_MAX)
    namespace = str(key.split(b"/", 2)[1], "utf-8")
    rest = str(key[len(namespace) + 2 + len(owner) :], "utf-8")
    return "/{}/{}{}".format(namespace, PeerId(owner), rest)


def key_of(text: str) -> bytes:
    """The key a user wrote; LocalError says what is wrong with it."""
    parts = text.split("/", 3)
    if len(parts) < 3 or parts[0] or parts[1] not in _OWNED:
        raise LocalError("a name is /edge/<peer id>/<path>, not {}".format(printable(text)))
    owner = PeerId.parse(parts[2])
    if parts[1] == "edge":
        return edge_key(owner, parts[3] if len(parts) > 3 else "")
    if len(parts) > 3:
        raise LocalError("under /{} there is only a peer id".format(parts[1]))
    return "/{}/".format(parts[1]).encode() + owner.to_bytes()


def prefix_of(text: str) -> bytes:
    """What the keys of all names begin with that begin with ``text``.

    A peer id in it must be whole: its text tells no bytes before that.
    """
    parts = text.split("/", 3)
    if len(parts) < 3 or not parts[2]:
        return text.encode()
    if parts[0] or parts[1] not in _OWNED:
        raise LocalError("no names begin with {}".format(printable(text)))
    head = "/{}/".format(parts[1]).encode() + PeerId.parse(parts[2]).to_bytes()
    return head + b"/" + parts[3].encode() if len(parts) > 3 else head
