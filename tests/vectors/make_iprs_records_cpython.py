"""Writes iprs_records.txt: records under /edge as edge/records/README.md describes them.

    python3 tests/vectors/make_iprs_records_cpython.py

Nothing of edge is used here: the bytes are put together by hand and signed by OpenSSL, so that the
text, this file and the code say the same thing in three ways.  The RSA key is new at each run.
"""

from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

NOW_MS = 1800000000000
DAY_MS = 86400000
ALICE, BOB, BEACON = (bytes([number]) * 32 for number in (1, 2, 3))
HEAD = """\
# Records under /edge as edge/records/README.md describes them; by make_iprs_records_cpython.py.
#
#   record NAME    of these fields; `seed` is the Ed25519 key of its owner, `-` stands for no bytes
#   refused NAME   no time and no beat make this bundle a valid value of this key
#   valid MS, invalid MS    at this time of a trusted clock, in ms since 1970
#   untrusted MS            valid where it is at least so late and nobody knows more
#   stale NAME RECORD       invalid where the beacon record NAME is known
#   better A B     of two records of one key
"""

lines = [HEAD]


def varint(number: int) -> bytes:
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def blob(number: int, data: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(data)) + data if data else b""


def count(number: int, value: int) -> bytes:
    return varint(number << 3) + varint(value) if value else b""


def public_of(seed: bytes) -> bytes:
    return (
        b"\x08\x01\x12\x20"
        + Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    )


def key_of(seed: bytes, path: bytes) -> bytes:
    return b"/edge/\x00\x24" + public_of(seed) + b"/" + path


def body_of(key: bytes, scheme: int, version: int, validity: bytes, value: bytes) -> bytes:
    return blob(1, key) + count(2, scheme) + count(3, version) + blob(4, validity) + blob(5, value)


def signed(body: bytes) -> bytes:
    domain = b"libp2p-edge/iprs/1"
    return varint(len(domain)) + domain + varint(len(body)) + body


def sealed(seed: bytes, body: bytes, message: bytes | None = None) -> bytes:
    """The bundle of ``body``; ``message``: what is signed instead."""
    key = Ed25519PrivateKey.from_private_bytes(seed)
    return blob(1, body) + blob(3, key.sign(signed(body) if message is None else message))


SLASHED = next(
    seed
    for seed in (bytes([number]) * 32 for number in range(4, 256))
    if b"/" in public_of(seed)[5:-1]
)


def wrapped(word: str, data: bytes) -> None:
    text = data.hex() or "-"
    lines.append(f"  {word} {text[:84]}")
    lines.extend("    " + text[at : at + 90] for at in range(84, len(text), 90))


def record(name: str, fields: tuple, *notes: str, age_ms: int = 0) -> bytes:
    """``fields``: seed, path, scheme, version, validity, value."""
    seed, path, scheme, version, validity, value = fields
    bundle = sealed(seed, body_of(key_of(seed, path), scheme, version, validity, value))
    bundle += count(4, age_ms)
    lines.append(f"record {name}")
    wrapped("seed", seed)
    lines.append(f"  path {path.decode()}")
    lines.append(f"  scheme {scheme}\n  version {version}")
    wrapped("validity", validity)
    wrapped("value", value)
    lines.append(f"  age {age_ms}")
    wrapped("bundle", bundle)
    lines.extend("  " + note for note in notes)
    return bundle


def refused(name: str, key: bytes, bundle: bytes) -> None:
    lines.append(f"refused {name}")
    wrapped("key", key)
    wrapped("bundle", bundle)


def ns(ms: int) -> int:
    return ms * 1000000


def ranges() -> None:
    path, value = b"sensors/1", b"21.5"
    now = f"valid {NOW_MS}"
    record("open", (ALICE, path, 1, 0, b"", value), now, "untrusted 1793491200000")
    record("empty", (ALICE, path, 1, 0, b"", b""), now)
    record("seven", (ALICE, path, 1, 7, b"", value), now)
    record("seven-other", (ALICE, path, 1, 7, b"", b"21.6"), now)
    record("last", (ALICE, path, 1, 2**64 - 1, b"", value), now)
    end = count(2, ns(NOW_MS))
    just = count(2, ns(NOW_MS) + 1)
    record("ended-now", (ALICE, path, 1, 7, end, value), f"invalid {NOW_MS}",
           f"valid {NOW_MS - 1}", f"invalid {NOW_MS + DAY_MS}")  # fmt: skip
    record("ends-in-1-ns", (ALICE, path, 1, 7, just, value), now, f"invalid {NOW_MS + 1}")
    start = count(1, ns(NOW_MS))
    later = count(1, ns(NOW_MS) + 1)
    record("starts-now", (ALICE, path, 1, 7, start, value), now, f"invalid {NOW_MS - 1}",
           f"untrusted {NOW_MS - DAY_MS}")  # fmt: skip
    record("starts-in-1-ns", (ALICE, path, 1, 7, later, value), f"invalid {NOW_MS}",
           f"valid {NOW_MS + 1}", f"untrusted {NOW_MS}")  # fmt: skip
    day = count(1, ns(NOW_MS)) + count(2, ns(NOW_MS + DAY_MS))
    record("a-day", (ALICE, path, 1, 7, day, value), now, f"invalid {NOW_MS - 1}",
           f"valid {NOW_MS + DAY_MS - 1}", f"invalid {NOW_MS + DAY_MS}",
           f"untrusted {NOW_MS + DAY_MS - 1}")  # fmt: skip
    for a, b in (("seven", "open"), ("last", "seven"), ("seven", "a-day"),
                 ("a-day", "ends-in-1-ns"), ("ends-in-1-ns", "ended-now"),
                 ("seven", "starts-now"), ("starts-now", "starts-in-1-ns")):  # fmt: skip
        lines.append(f"better {a} {b}")
    bodies = [body_of(key_of(ALICE, path), 1, 7, b"", text) for text in (b"21.5", b"21.6")]
    names = ["seven", "seven-other"]
    if sha256(bodies[0]).digest() < sha256(bodies[1]).digest():
        names.reverse()
    lines.append("better " + " ".join(names))


def lives() -> None:
    fields = (ALICE, b"sensors/1", 2, 7, count(1, 60000), b"21.5")
    record("ttl", fields, f"valid {NOW_MS}")
    record("ttl-old", fields, f"valid {NOW_MS}", age_ms=59999)
    record("ttl-over", fields, f"invalid {NOW_MS}", age_ms=60000)
    record("ttl-longer", (*fields[:4], count(1, 60001), b"21.5"), f"valid {NOW_MS}")
    lines.extend(["better ttl seven", "better ttl-longer ttl"])


def chains() -> tuple[bytes, list[bytes]]:
    beats = []
    parent = b""
    for height in range(3):
        fields = (BEACON, b"beacon", 3, height, parent, b"")
        beats.append(record(f"beat-{height}", fields, f"valid {NOW_MS}"))
        parent = blob(1, sha256(body_of(key_of(BEACON, b"beacon"), *fields[2:])).digest())
    lines.extend(["better beat-1 beat-0", "better beat-2 beat-1"])
    return parent, beats


def fresh(beats: list[bytes]) -> None:
    for behind_max, when in ((0, 1), (1, 2)):
        validity = blob(1, beats[0]) + count(2, behind_max)
        stale = [f"stale beat-{beat} fresh-{behind_max}" for beat in range(when, 3)]
        fields = (ALICE, b"sensors/1", 4, 7, validity, b"21.5")
        record(f"fresh-{behind_max}", fields, f"valid {NOW_MS}", *stale)
    validity = blob(1, beats[1])
    record("fresh-later", (ALICE, b"sensors/1", 4, 7, validity, b"21.5"), f"valid {NOW_MS}",
           "stale beat-2 fresh-later")  # fmt: skip
    lines.extend(["better fresh-0 ttl-longer", "better fresh-later fresh-1"])


def forgeries(parent: bytes, beats: list[bytes]) -> None:
    key = key_of(ALICE, b"sensors/1")
    body = body_of(key, 1, 7, b"", b"21.5")
    good = sealed(ALICE, body)
    refused("value-flipped", key, good.replace(b"21.5", b"21.4"))
    refused("signature-flipped", key, good[:-1] + bytes([good[-1] ^ 1]))
    refused("signed-by-another", key, sealed(BOB, body))
    refused("not-signed", key, blob(1, body))
    for name, message in (
        ("no-domain", body),
        ("domain-without-length", b"libp2p-edge/iprs/1" + body),
        ("other-domain", signed(body).replace(b"iprs/1", b"iprs/2")),
        ("ipns-domain", b"ipns-signature:" + body),
    ):
        refused(name, key, sealed(ALICE, body, message))
    refused("of-another-path", key_of(ALICE, b"sensors/2"), good)
    refused("of-another-owner", key_of(BOB, b"sensors/1"), good)
    refused(
        "public-key-twice", key, blob(1, body) + blob(2, public_of(ALICE)) + good[2 + len(body) :]
    )
    refused("an-age-that-counts-for-nothing", key, good + count(4, 1))
    refused("cut", key, good[:-1])
    refused("longer", key, good + b"\0")
    refused("unknown-field", key, good + blob(5, b"x"))
    refused("field-twice", key, good + good[2 + len(body) :])
    refused("fields-out-of-order", key, good[2 + len(body) :] + good[: 2 + len(body)])
    refused("long-varint", key, good[:1] + bytes([len(body) | 128, 0]) + good[2:])
    spoken = body.replace(b"\x10\x01\x18\x07", b"\x10\x81\x00\x18\x07")
    refused("long-varint-signed", key, sealed(ALICE, spoken))
    refused("default-spelt-out", key, sealed(ALICE, body + b"\x2a\x00"))
    refused("unknown-field-signed", key, sealed(ALICE, body + blob(6, b"x")))
    for name, scheme, version, validity in (
        ("scheme-0", 0, 7, b""),
        ("scheme-5", 5, 7, b""),
        ("ends-before-it-starts", 1, 7, count(1, 2) + count(2, 1)),
        ("ends-as-it-starts", 1, 7, count(1, ns(NOW_MS)) + count(2, ns(NOW_MS))),
        ("range-unknown-field", 1, 7, count(3, 1)),
        ("range-of-no-number", 1, 7, blob(1, b"x")),
        ("ttl-none", 2, 7, b""),
        ("chain-without-parent", 3, 7, b""),
        ("chain-first-with-parent", 3, 0, parent),
        ("chain-short-parent", 3, 1, blob(1, bytes(31))),
        ("fresh-without-beacon", 4, 7, count(2, 9)),
        ("fresh-forged-beacon", 4, 7, blob(1, beats[0][:-1] + bytes([beats[0][-1] ^ 1]))),
        ("fresh-beacon-of-another-path", 4, 7, blob(1, sealed(
            BEACON, body_of(key_of(BEACON, b"beacons"), 3, 0, b"", b"")))),
        ("fresh-beacon-no-chain", 4, 7, blob(1, sealed(
            BEACON, body_of(key_of(BEACON, b"beacon"), 1, 9, b"", b"")))),
    ):  # fmt: skip
        refused(name, key, sealed(ALICE, body_of(key, scheme, version, validity, b"21.5")))


def keys() -> None:
    owner = b"/edge/\x00\x24" + public_of(ALICE)
    for name, key in (
        ("key-empty", b""), ("key-without-path", owner), ("key-empty-path", owner + b"/"),
        ("key-36-in-path", owner + b"/" + b"x" * 36), ("key-slash-at-end", owner + b"/a/"),
        ("key-two-slashes", owner + b"/a//b"), ("key-dot", owner + b"/a/."),
        ("key-dots", owner + b"/../a"), ("key-space", owner + b"/a b"),
        ("key-not-ascii", owner + "/ä".encode()),
        ("key-other-namespace", b"/edgy" + owner[5:] + b"/a"),
    ):  # fmt: skip
        refused(name, key, sealed(ALICE, body_of(key, 1, 7, b"", b"21.5")))
    record("slash-in-peer-id", (SLASHED, b"a", 1, 7, b"", b"21.5"), f"valid {NOW_MS}")
    record("key-of-80", (ALICE, b"x" * 35, 1, 7, b"", b"21.5"), f"valid {NOW_MS}")


def rsa_owner() -> None:
    private = rsa.generate_private_key(65537, 2048)
    spki = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    public = b"\x08\x00" + blob(2, spki)
    key = b"/edge/\x12\x20" + sha256(public).digest() + b"/a"
    body = body_of(key, 1, 7, b"", b"21.5")
    signature = private.sign(signed(body), padding.PKCS1v15(), SHA256())
    lines.append("hashed rsa")
    wrapped("key", key)
    wrapped("bundle", blob(1, body) + blob(2, public) + blob(3, signature))
    refused("rsa-without-its-key", key, blob(1, body) + blob(3, signature))
    refused("rsa-with-another-key", key,
            blob(1, body) + blob(2, public_of(ALICE)) + blob(3, signature))  # fmt: skip


ranges()
lives()
parent, beats = chains()
fresh(beats)
forgeries(parent, beats)
keys()
rsa_owner()
lines[0] = HEAD + "#   hashed NAME    valid; its owner's key comes with it\n"
text = "\n".join(lines) + "\n"
Path(__file__).with_name("iprs_records.txt").write_text(text.replace("\n\n", "\n"))
