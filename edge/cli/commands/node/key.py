"""`edge key`: the identity of a node as a file: show it, make one, carry it elsewhere."""

import base64
import binascii
import sys

from edge.cli import EXIT_OK, UsageError
from edge.cli.data_dir import DataDir
from edge.cli.screen import Screen
from edge.errors import EdgeError, LocalError
from edge.identity.keys import PrivateKey, decode_private_key
from edge.identity.peer_id import PeerId
from edge.system import files

SUMMARY = "Show, create, import or export the private key that makes this node the peer it is."
EXAMPLES = """\
  edge key show                        the peer id and where the key is kept
  edge key new                         become a peer, if there is no key yet
  edge key export > key.txt            libp2p's form in base64, as kubo and js-libp2p keep it
  edge key import key.txt              take it over (base64, hex, raw or PEM; Ed25519 only)

A key is never overwritten without --force, and --force keeps the old one beside the new.
"""

_KEY_FILE_BYTES_MAX = 4096
_SEED_BYTES = 32
# An Ed25519 key in PKCS #8 (RFC 8410) is this and then the seed.
_PKCS8_HEAD = bytes.fromhex("302e020100300506032b657004220420")


def add_arguments(parser) -> None:
    parser.add_argument("action", choices=("show", "new", "import", "export"))
    parser.add_argument("file", nargs="?", help="for import and export (default: -, "
                        "standard input or output)")  # fmt: skip
    parser.add_argument("--force", action="store_true", help="replace what is there")


def run(options, screen: Screen) -> int:
    if options.file and options.action in ("show", "new"):
        raise UsageError(f"'edge key {options.action}' takes no file; --data names a directory")
    data = DataDir(options.data)
    path = options.file or "-"
    if options.action == "import":
        key = _read_key(path)
        _store(data, key, options.force, screen)
    elif options.action == "new":
        key = PrivateKey.generate()
        _store(data, key, options.force, screen)
    else:
        stored = data.load_identity()
        if stored is None:
            raise LocalError(f"there is no identity in {data.path}\nmake one: edge key new")
        key = stored
        if options.action == "export":
            _export(key, path, options.force, screen)
            return EXIT_OK
    _show(data, key, screen)
    return EXIT_OK


def _show(data: DataDir, key: PrivateKey, screen: Screen) -> None:
    peer_id = str(PeerId.from_public_key(key.public))
    public = base64.b64encode(key.public.encode()).decode()
    event = {"event": "key", "peer_id": peer_id, "public_key": public, "file": data.identity_path}
    text = f"peer id     {screen.paint('bold', peer_id)}\npublic key  {public}\n"
    screen.result(event, text + f"file        {data.identity_path}")


def _store(data: DataDir, key: PrivateKey, force: bool, screen: Screen) -> None:
    """Make ``key`` the identity; an old one is kept under another name before it is replaced."""
    data.create()
    if not files.exists(data.identity_path):
        files.write_new(data.identity_path, key.encode(), private=True)
        return
    if not force:
        raise LocalError(
            f"there is an identity already: {data.identity_path}\n"
            "--force puts the new one in its place and keeps the old one beside it"
        )
    kept = data.keep_copy(data.identity_path)
    files.write_atomic(data.identity_path, key.encode(), private=True)
    screen.notice(f"the old key is kept as {kept}")


def _export(key: PrivateKey, path: str, force: bool, screen: Screen) -> None:
    text = base64.b64encode(key.encode()).decode()
    if path == "-":
        screen.result({"event": "key", "private_key": text}, text)
    elif force:
        files.write_atomic(path, text.encode() + b"\n", private=True)
    else:
        files.write_new(path, text.encode() + b"\n", private=True)


def _read_key(path: str) -> PrivateKey:
    try:
        if path == "-":
            data = sys.stdin.buffer.read(_KEY_FILE_BYTES_MAX)
        else:
            with open(path, "rb") as source:
                data = source.read(_KEY_FILE_BYTES_MAX)
    except OSError as error:
        raise LocalError(f"cannot read {path}: {error.strerror}") from None
    try:
        return parse_key(data)
    except EdgeError as error:
        raise UsageError(
            f"{'standard input' if path == '-' else path} holds no key this node can use: {error}"
        ) from None


def parse_key(data: bytes) -> PrivateKey:
    """The Ed25519 key in ``data``: libp2p's protobuf, its base64 or hex, a seed in hex, or PEM."""
    for decoded in _readings(data):
        if len(decoded) == _SEED_BYTES:
            return PrivateKey.from_seed(decoded)
        if decoded.startswith(_PKCS8_HEAD):
            return PrivateKey.from_seed(decoded[len(_PKCS8_HEAD) :][:_SEED_BYTES])
        if decoded.startswith(b"\x08"):  # field 1, the key's type
            return decode_private_key(decoded)
    raise LocalError("expected libp2p's form, raw or in base64, or an Ed25519 key in PEM")


def _readings(data: bytes):
    """What ``data`` may mean, the most particular reading first."""
    lines = data.strip().split(b"\n")
    if lines[0].startswith(b"-----BEGIN PRIVATE KEY"):
        data = b"".join([line.strip() for line in lines[1:-1]])
    text = data.strip()
    for decode in (binascii.unhexlify, _strict_base64):
        try:
            yield decode(text)
        except ValueError:
            continue
    yield data


def _strict_base64(text: bytes) -> bytes:
    return base64.b64decode(text, validate=True)
