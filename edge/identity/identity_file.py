"""Our private key on the medium: made once, never overwritten, for the owner alone.

The file holds libp2p's PrivateKey message as it is, which go, js and rust read and write too. A
file that is there but cannot be used stops the node, untouched: a new key would be a new peer.
"""

from edge.errors import LocalError
from edge.identity.keys import PrivateKey, decode_private_key
from edge.system import files
from edge.system.log import Log

FILE_SIZE_MAX = 8192  # bytes; a foreign key, to be named as such, may be long

_log = Log("identity")


def load(path: str) -> "PrivateKey | None":
    """The key in the file, None if there is no file.

    Group and others lose access to it, with a warning: a board left alone at its first start is
    better off tightened than stopped.
    """
    data = files.read(path, FILE_SIZE_MAX)
    if data is None:
        return None
    try:
        key = decode_private_key(data)
    except LocalError as error:
        raise LocalError(
            f"cannot use the identity {path}: {error}. It is left as it is: put a backup in its "
            "place, or move it away to become a new peer"
        )
    if files.tighten(path):
        _log.warn("{} was open to other users until now; replace it if they may have read it", path)
    return key


def load_or_create(path: str) -> PrivateKey:
    """The key in the file, a new one if there is no file."""
    key = load(path)
    if key:
        return key
    key = PrivateKey.generate()
    try:
        files.write_new(path, key.encode(), private=True)
    except LocalError:
        key = load(path)  # another process was faster
        if not key:
            raise
    return key
