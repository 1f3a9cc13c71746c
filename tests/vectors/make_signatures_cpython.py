"""Writes signatures.txt: what a verifier must take and, mostly, what it must refuse.

    python3 tests/vectors/make_signatures_cpython.py

Keys and genuine signatures are OpenSSL's, new at each run; the forgeries are made of them by hand,
after the cases that Wycheproof's RSA and ECDSA tests are about.  A line is

    rsa|ecdsa|secp256k1 good|bad public-key message signature what-it-is

with data in hexadecimal, or - where there is none.
"""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

MESSAGE = b"a peer says who it is"
DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
NO_NULL = bytes.fromhex("302f300b0609608648016503040201") + b"\x04\x20"
ORDERS = {
    "secp256r1": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "secp256k1": 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141,
}
FIELDS = {
    "secp256r1": (1 << 256) - (1 << 224) + (1 << 192) + (1 << 96) - 1,
    "secp256k1": (1 << 256) - (1 << 32) - 977,
}
RSA_ALGORITHM = bytes.fromhex("300d06092a864886f70d0101010500")

lines = []


def case(verdict: str, key: bytes, signature: bytes, what: str, message=MESSAGE) -> None:
    fields = [data.hex() or "-" for data in (key, message, signature)]
    lines.append(" ".join([verdict, *fields, what]))


def sha256(data: bytes) -> bytes:
    digest = Hash(SHA256())
    digest.update(data)
    return digest.finalize()


def der(tag: int, *contents: bytes) -> bytes:
    content = b"".join(contents)
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def integer(number: int) -> bytes:
    return der(2, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def rsa_key(n: int, e: int, algorithm: bytes = RSA_ALGORITHM) -> bytes:
    return der(0x30, algorithm, der(3, b"\0", der(0x30, integer(n), integer(e))))


def padded(size: int, digest: bytes) -> bytes:
    return b"\0\1" + b"\xff" * (size - len(digest) - 3) + b"\0" + digest


def rsa_cases() -> None:
    for bits in (2048, 3072, 4096):
        key = rsa.generate_private_key(65537, bits)
        rsa_genuine(key, f"RSA {bits}")
    key = rsa.generate_private_key(3, 2048)
    rsa_genuine(key, "RSA 2048, e = 3")
    rsa_forged(rsa.generate_private_key(65537, 2048))
    key = rsa.generate_private_key(65537, 1024)
    signature = key.sign(MESSAGE, padding.PKCS1v15(), SHA256())
    case("rsa bad", spki(key), signature, "a modulus of 1024 bits")


def spki(key) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def rsa_genuine(key: rsa.RSAPrivateKey, what: str) -> None:
    signature = key.sign(MESSAGE, padding.PKCS1v15(), SHA256())
    case("rsa good", spki(key), signature, what)
    case("rsa bad", spki(key), signature, what + ", another message", MESSAGE + b"!")
    case("rsa bad", spki(key), signature[:-1] + bytes((signature[-1] ^ 1,)), what + ", a bit off")


def rsa_forged(key: rsa.RSAPrivateKey) -> None:
    numbers = key.private_numbers()
    n, e, d = numbers.public_numbers.n, numbers.public_numbers.e, numbers.d
    good = key.sign(MESSAGE, padding.PKCS1v15(), SHA256())
    public = spki(key)
    assert public == rsa_key(n, e)
    case("rsa good", public, good, "the key of the forgeries")

    def forged(text: bytes, what: str) -> None:
        signature = pow(int.from_bytes(text, "big"), d, n).to_bytes(256, "big")
        case("rsa bad", public, signature, what)

    digest = sha256(MESSAGE)
    forged(padded(256, NO_NULL + digest), "DigestInfo without NULL")
    forged(padded(256, digest), "a digest without DigestInfo")
    forged(padded(248, DIGEST_INFO + digest) + bytes(8), "short padding, garbage behind")
    forged(b"\0\2" + padded(256, DIGEST_INFO + digest)[2:], "padding of encryption")
    forged(
        b"\0\1" + b"\xff" * 201 + b"\xfe" + padded(256, DIGEST_INFO + digest)[204:], "not all ff"
    )
    forged(padded(256, DIGEST_INFO[:-2] + b"\4\x1f" + digest[:31]), "31 bytes of digest")
    case("rsa bad", public, b"", "no signature")
    case("rsa bad", public, good[:-1], "a signature cut short")
    case("rsa bad", public, b"\0" + good, "a signature with a zero in front")
    case("rsa bad", public, good + b"\0", "a signature with a zero behind")
    case("rsa bad", public, bytes(256), "0")
    case("rsa bad", public, b"\0" * 255 + b"\1", "1")
    case("rsa bad", public, (n - 1).to_bytes(256, "big"), "-1")
    number = int.from_bytes(good, "big") + n
    while number >> 2048:  # find one that has room for another n
        key = rsa.generate_private_key(65537, 2048)
        n = key.public_key().public_numbers().n
        good = key.sign(MESSAGE, padding.PKCS1v15(), SHA256())
        number = int.from_bytes(good, "big") + n
    case("rsa bad", spki(key), number.to_bytes(256, "big"), "the signature plus n")
    rsa_odd_keys(n, good, spki(key))


def rsa_odd_keys(n: int, good: bytes, public: bytes) -> None:
    text = padded(256, DIGEST_INFO + sha256(MESSAGE))
    case("rsa bad", rsa_key(n, 1), text, "e = 1")
    case("rsa bad", rsa_key(n, 2), text, "e = 2")
    case("rsa bad", rsa_key(n, 65536), good, "an even e")
    case("rsa bad", rsa_key(n, (1 << 32) + 1), good, "an e of 33 bits")
    case("rsa bad", rsa_key(n + 1, 65537), good, "an even n")
    case("rsa bad", rsa_key((1 << 8192) + 1, 65537), bytes(1024) + b"\1", "n of 8193 bits")
    case("rsa bad", rsa_key((1 << 16383) + 1, 65537), b"\1" * 2048, "n of 16384 bits")
    case("rsa bad", rsa_key((1 << 2046) + 1, 65537), good[:-1], "n of 2047 bits")
    case("rsa bad", public + b"\0", good, "a key with a byte behind")
    case("rsa bad", public[:-1], good, "a key cut short")
    case("rsa bad", rsa_key(n, 65537, RSA_ALGORITHM[:-2]), good, "algorithm with wrong size")
    no_null = der(0x30, RSA_ALGORITHM[2:-2])
    case("rsa bad", rsa_key(n, 65537, no_null), good, "algorithm without NULL")
    inside = der(0x30, integer(n), integer(65537))
    case("rsa bad", inside, good, "PKCS#1, not SubjectPublicKeyInfo")
    case("rsa bad", der(0x30, RSA_ALGORITHM, der(3, b"\1", inside)), good, "7 bits of a byte")
    negative = der(0x30, der(2, n.to_bytes(256, "big")), integer(65537))
    case("rsa bad", der(0x30, RSA_ALGORITHM, der(3, b"\0", negative)), good, "a negative n")
    padded_e = der(0x30, integer(n), der(2, b"\0\1\0\1"))
    case("rsa bad", der(0x30, RSA_ALGORITHM, der(3, b"\0", padded_e)), good, "an e too long")
    more = der(0x30, integer(n), integer(65537), integer(1))
    case("rsa bad", der(0x30, RSA_ALGORITHM, der(3, b"\0", more)), good, "three integers")
    long_form = b"\x30\x83\0" + public[2:4] + public[4:]
    case("rsa bad", long_form, good, "a length too long")
    case("rsa bad", b"\x30\x80" + public[4:] + b"\0\0", good, "an indefinite length")
    case("rsa bad", b"", good, "no key")


def ecdsa_cases(kind: str, curve) -> None:
    n = ORDERS[curve.name]
    half = n // 2
    key = ec.generate_private_key(curve)
    public = public_of(kind, key)
    while True:
        good = key.sign(MESSAGE, ec.ECDSA(SHA256()))
        r, s = decode_dss_signature(good)
        if s <= half and s >> 247 and r >> 255:  # no leading zeros but r's one
            break

    def signed(good: bool, r: int, s: int, what: str) -> None:
        case(kind + (" good" if good else " bad"), public, der(0x30, integer(r), integer(s)), what)

    case(kind + " good", public, good, curve.name)
    case(kind + " bad", public, good, "another message", MESSAGE + b"!")
    signed(kind == "ecdsa", r, n - s, "s in the upper half")
    for number, name in ((0, "0"), (n, "n"), (n + 1, "n + 1"), (1, "1")):
        signed(False, number, s, "r = " + name)
        signed(False, r, number, "s = " + name)
    signed(False, r + n, s, "r + n")
    signed(False, r, s + n, "s + n")
    signed(False, s, r, "r and s exchanged")
    der_cases(kind, public, good, r, s)
    key_cases(kind, key, good)
    # u1 G = -u2 Q or u1 G = u2 Q on the way: keys that are small multiples of the base point
    for secret in (1, 2, 3, n - 1, n - 2):
        small = ec.derive_private_key(secret, curve)
        for _ in range(100):
            signature = small.sign(MESSAGE, ec.ECDSA(SHA256()))
            if decode_dss_signature(signature)[1] <= half:
                break
        case(
            kind + " good",
            public_of(kind, small),
            signature,
            f"the key {secret if secret < 9 else secret - n}",
        )
    infinite(kind, curve, n)


def infinite(kind: str, curve, n: int) -> None:
    """r and s for which the sum is the point at infinity: h = -r d."""
    h = int.from_bytes(sha256(MESSAGE), "big")
    d = 12345
    r = -h * pow(d, -1, n) % n
    key = ec.derive_private_key(d, curve)
    case(kind + " bad", public_of(kind, key), der(0x30, integer(r), integer(1)), "infinity")


def public_of(kind: str, key) -> bytes:
    if kind == "ecdsa":
        return spki(key)
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)


def der_cases(kind: str, public: bytes, good: bytes, r: int, s: int) -> None:
    bad = {
        "no signature": b"",
        "an empty sequence": b"\x30\0",
        "a byte behind": good + b"\0",
        "a byte behind, inside": der(0x30, integer(r), integer(s), b"\0"),
        "cut short": good[:-1],
        "three integers": der(0x30, integer(r), integer(s), integer(1)),
        "one integer": der(0x30, integer(r)),
        "r without its zero": der(0x30, der(2, integer(r)[3:]), integer(s)),
        "a zero too many": der(0x30, der(2, b"\0", integer(r)[2:]), integer(s)),
        "s with a zero too many": der(0x30, integer(r), der(2, b"\0", integer(s)[2:])),
        "a long length": b"\x30\x81" + good[1:],
        "a longer length": b"\x30\x82\0" + good[1:],
        "an indefinite length": b"\x30\x80" + good[2:] + b"\0\0",
        "a set": b"\x31" + good[1:],
        "another tag for r": good[:2] + b"\x03" + good[3:],
        "an empty integer": der(0x30, b"\2\0", integer(s)),
        "the 64 bytes of r and s": r.to_bytes(32, "big") + s.to_bytes(32, "big"),
        "a length past the end": b"\x30\x7f" + good[2:],
        "a huge length": b"\x30\x84\xff\xff\xff\xff" + good[2:],
        "negative s": der(0x30, integer(r), der(2, (-s).to_bytes(33, "big", signed=True))),
    }
    for what, signature in bad.items():
        case(kind + " bad", public, signature, what)


def key_cases(kind: str, key, good: bytes) -> None:
    public = public_of(kind, key)
    curve = key.curve
    p = FIELDS[curve.name]
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    if kind == "secp256k1":
        other = bytes((public[0] ^ 1,)) + public[1:]
        case(kind + " bad", other, good, "the negative key")
        x = next(x for x in range(1, 99) if pow(x**3 + 7, (p - 1) // 2, p) != 1)
        case(kind + " bad", b"\2" + x.to_bytes(32, "big"), good, "no point of this x")
        case(kind + " bad", b"\2" + p.to_bytes(32, "big"), good, "x = p")
        for bad in (
            b"",
            b"\0",
            public[:-1],
            public + b"\0",
            b"\4" + public[1:],
            b"\0" + public[1:],
        ):
            case(kind + " bad", bad, good, "not a compressed point")
        case(kind + " bad", point, good, "an uncompressed point")
        case(kind + " bad", b"\6" + point[1:], good, "a hybrid point")
        return
    head = public[: -len(point)]
    x, y = point[1:33], point[33:]
    other = (p - int.from_bytes(y, "big")).to_bytes(32, "big")
    case(kind + " bad", head + b"\4" + x + other, good, "the negative key")
    off = y[:-1] + bytes((y[-1] ^ 1,))
    case(kind + " bad", head + b"\4" + x + off, good, "a point beside the curve")
    case(kind + " bad", head + b"\4" + bytes(64), good, "the point 0 0")
    case(kind + " bad", head + b"\4" + p.to_bytes(32, "big") + y, good, "x = p")
    case(kind + " bad", head + b"\6" + x + y, good, "a hybrid point")
    case(kind + " bad", public + b"\0", good, "a key with a byte behind")
    case(kind + " bad", public[:-1], good, "a key cut short")
    algorithm = public[2:23]
    infinity = der(0x30, algorithm, der(3, b"\0\0"))
    case(kind + " bad", infinity, good, "infinity as a key")
    compressed = key.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    case(kind + " bad", der(0x30, algorithm, der(3, b"\0", compressed)), good, "compressed")
    unknown = der(0x30, algorithm[2:-1], b"\x09")
    case(kind + " bad", der(0x30, unknown, der(3, b"\0", point)), good, "no such curve")
    case(
        kind + " bad", der(0x30, b"\x30\x09" + algorithm[2:11], der(3, b"\0", point)), good, "none"
    )


def main() -> None:
    rsa_cases()
    ecdsa_cases("ecdsa", ec.SECP256R1())
    ecdsa_cases("secp256k1", ec.SECP256K1())
    path = Path(__file__).parent / "signatures.txt"
    path.write_text("\n".join(lines) + "\n", "ascii")
    print(len(lines), "cases")


if __name__ == "__main__":
    main()
