"""RSA, ECDSA and secp256k1: tests/vectors/signatures.txt, by every inhabitant."""

from edge.system import MICROPYTHON, primitives
from tests import kit
from tests.edge.system.primitives import inhabitants

# On MicroPython this module may be in ROM, and data is where the runner starts.
FILE = "" if MICROPYTHON else __file__[: __file__.rfind("tests/edge")]
FILE += "tests/vectors/signatures.txt"


def cases(kind: str):
    """``(good, public, message, signature, what)`` of each line, one after the other."""
    with open(FILE) as lines:
        for line in lines:
            name, verdict, public, message, signature, what = line.strip().split(" ", 5)
            if name == kind:
                yield verdict == "good", data(public), data(message), data(signature), what


def data(text: str) -> bytes:
    return b"" if text == "-" else bytes.fromhex(text)


def check(kind: str) -> None:
    verify = getattr(primitives, kind + "_verify")
    verdicts = set()
    for good, public, message, signature, what in cases(kind):
        assert verify(public, message, signature) is good, what
        verdicts.add(good)
    assert len(verdicts) == 2


def test_rsa():
    inhabitants.each(lambda: check("rsa"))


def test_ecdsa():
    inhabitants.each(lambda: check("ecdsa"))


def test_secp256k1():
    inhabitants.each(lambda: check("secp256k1"))


def test_a_bit_off_anywhere():
    inhabitants.each(a_bit_off_anywhere)


def a_bit_off_anywhere():
    """Never an exception, and True never: whatever byte of key or signature changes."""
    random = kit.Rng(3279)
    for kind in ("rsa", "ecdsa", "secp256k1"):
        verify = getattr(primitives, kind + "_verify")
        _, public, message, signature, _ = next(cases(kind))
        assert verify(public, message, signature) is True
        for _ in range(20):
            assert verify(a_bit_off(public, random), message, signature) is False
            assert verify(public, message, a_bit_off(signature, random)) is False


def a_bit_off(data, random):
    wrong = bytearray(data)
    wrong[random.below(len(wrong))] ^= 1 << random.below(8)
    return bytes(wrong)


def test_garbage():
    inhabitants.each(garbage)


def garbage():
    random = kit.Rng(1)
    for kind in ("rsa", "ecdsa", "secp256k1"):
        verify = getattr(primitives, kind + "_verify")
        _, public, message, signature, _ = next(cases(kind))
        for size in list(range(12)) + [33, 70, 300, 1101, 2000]:
            assert verify(random.bytes(size), message, signature) is False
            assert verify(public, message, random.bytes(size)) is False
            assert verify(b"\x30\x82" + random.bytes(size), message, signature) is False
            assert verify(public, message, b"\x30\x44\x02\x20" + random.bytes(size)) is False


def test_whatever_holds_bytes():
    inhabitants.each(whatever_holds_bytes)


def whatever_holds_bytes():
    for kind in ("rsa", "ecdsa", "secp256k1"):
        _, public, message, signature, _ = next(cases(kind))
        verify = getattr(primitives, kind + "_verify")
        for form in (bytes, bytearray, memoryview):
            assert verify(form(public), form(message), form(signature)) is True


if __name__ == "__main__":
    kit.run(globals())
