"""The strict reader of DER: what is refused, form by form."""

from edge.system.primitives.der import ec_key, ecdsa_signature, rsa_key
from tests import kit

ONE_TWO = bytes.fromhex("3006 020101 020102".replace(" ", ""))


def test_two_integers():
    assert ecdsa_signature(ONE_TWO) == (1, 2)
    assert ecdsa_signature(bytes.fromhex("300702020080020101")) == (128, 1)


def test_lengths_have_one_form():
    body = b"\x02\x7e" + b"\x01" * 126  # with the other integer 131 bytes: a long length
    right = b"\x30\x81\x83" + body + b"\x02\x01\x01"
    assert ecdsa_signature(right)[1] == 1
    body = b"\x02\x82\x01\x00" + b"\x01" * 256
    right = b"\x30\x82\x01\x07" + body + b"\x02\x01\x01"
    assert ecdsa_signature(right)[1] == 1
    for wrong in (
        "308106020101020102",
        "30820006020101020102",
        "3083000006020101020102",
        "30840000000602010102010200",
        "3080020101020102",
        "30800201010201020000",
        "30ff020101020102",
        "3007028101010201020",
        "300702810101020102",
    ):
        kit.raises(ValueError, ecdsa_signature, bytes.fromhex(wrong + "0" * (len(wrong) % 2)))


def test_integers_have_one_form():
    for wrong in (
        "3006020100020102",  # 0
        "3006020180020102",  # -128
        "300702020001020102",  # 1 with a zero in front
        "30050200020102",  # nothing
        "3006030101020102",  # not an integer
    ):
        kit.raises(ValueError, ecdsa_signature, bytes.fromhex(wrong))


def test_every_end():
    for size in range(len(ONE_TWO)):
        kit.raises(ValueError, ecdsa_signature, ONE_TWO[:size])
    kit.raises(ValueError, ecdsa_signature, ONE_TWO + b"\0")
    kit.raises(ValueError, ecdsa_signature, b"\x30\x07" + ONE_TWO[2:] + b"\0")
    kit.raises(ValueError, ecdsa_signature, b"\x30\x09" + ONE_TWO[2:] + b"\x02\x01\x03")


def test_too_long():
    body = b"\x02\x82\x04\x50" + b"\x01" * 0x450
    kit.raises(ValueError, ecdsa_signature, b"\x30\x82\x04\x57" + body + b"\x02\x01\x01")


def test_garbage():
    random = kit.Rng(30)
    for parse in (ecdsa_signature, rsa_key, ec_key):
        for size in range(80):
            kit.raises(ValueError, parse, random.bytes(size))
            kit.raises(ValueError, parse, b"\x30" + random.bytes(size))


if __name__ == "__main__":
    kit.run(globals())
