"""multiformats/multibase tests/*.csv: texts of the bytes "yes mani !", with 0, 1, 2 zero bytes
before, and texts of "hello world" in unusual letter case. The codes are the first letters.
"""

WRITTEN = (
    (
        b"yes mani !",
        "f796573206d616e692021",
        "bpfsxgidnmfxgsibb",
        "k2lcpzo5yikidynfl",
        "z7paNL19xttacUY",
        "meWVzIG1hbmkgIQ",
        "ueWVzIG1hbmkgIQ",
    ),
    (
        b"\0yes mani !",
        "f00796573206d616e692021",
        "bab4wk4zanvqw42jaee",
        "k02lcpzo5yikidynfl",
        "z17paNL19xttacUY",
        "mAHllcyBtYW5pICE",
        "uAHllcyBtYW5pICE",
    ),
    (
        b"\0\0yes mani !",
        "f0000796573206d616e692021",
        "baaahszltebwwc3tjeaqq",
        "k002lcpzo5yikidynfl",
        "z117paNL19xttacUY",
        "mAAB5ZXMgbWFuaSAh",
        "uAAB5ZXMgbWFuaSAh",
    ),
)

READ = (
    (b"yes mani !", "F796573206D616E692021"),
    (b"yes mani !", "BPFSXGIDNMFXGSIBB"),
    (b"yes mani !", "cpfsxgidnmfxgsibb"),
    (b"yes mani !", "CPFSXGIDNMFXGSIBB"),
    (b"yes mani !", "K2LCPZO5YIKIDYNFL"),
    (b"yes mani !", "MeWVzIG1hbmkgIQ=="),
    (b"yes mani !", "UeWVzIG1hbmkgIQ=="),
    (b"\0yes mani !", "cab4wk4zanvqw42jaee======"),
    (b"\0yes mani !", "MAHllcyBtYW5pICE="),
    (b"\0\0yes mani !", "MAAB5ZXMgbWFuaSAh"),
    (b"hello world", "f68656c6c6f20776F726C64"),
    (b"hello world", "F68656c6c6f20776F726C64"),
    (b"hello world", "bnbswy3dpeB3W64TMMQ"),
    (b"hello world", "Bnbswy3dpeB3W64TMMQ"),
    (b"hello world", "cnbswy3dpeB3W64TMMQ======"),
    (b"hello world", "kfUvrsIvVnfRbjWaJo"),
    (b"hello world", "KfUVrSIVVnFRbJWAJo"),
)

REFUSED = (
    "",
    "!abc",
    "0101",  # a base nobody here writes
    "z0OIl",
    "z1 1",
    "f123",  # half a byte
    "fgg",
    "f\u0661\u0661",
    "bpfsxgidnmfxgsib",  # bits left over
    "b1",
    "ba",
    "k\u212a",  # its lower case is k
    "kA-",
    "meWVzIG1hbmkgIQ==",  # padding that m does not have
    "meWVzIG1hbmkgIR",
    "MeWVzIG1hbmkgIQ",
    "MeWVzIG1hbmkgIQ=",
    "MeWVzIG1hbmkgIQ======",
    "M====",
    "ueWVzIG1hbmkgI/",
    "u\U0001f600",
)
