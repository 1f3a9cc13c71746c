"""A meeting, byte by byte: ten records of both, one of each alone, and one of two versions.

The digest of a record is here the SHA-256 of its value, and the greater value is the better one.
"""

_COMMON = [(b"/edge/%d" % number, b"\x01value %d" % number) for number in range(10)]
OPENER = dict(_COMMON + [(b"/edge/a", b"\x01"), (b"/edge/c", b"\x02")])
OTHER = dict(_COMMON + [(b"/edge/b", b"\x01"), (b"/edge/c", b"\x01")])

ROOM_BYTES = 4096  # of both
# The opener's and the other's, in turn.
MESSAGES = [
    "0b0a062f656467652f108020",
    "1f0a062f656467652f1080201a120001aa61e474c812479881acc1f54f07bd00",
    (
        "9a011a970101280104be2480b0fa69f87803104005b470d4013f0190c9c3e70b930b1a5bdc3bf46aef4f4a01"
        "66012e21bb8ad2963877355c6692c9de2aef01d5010ed134a0ee5243577d7a572fdc9a6e4501d6019e819483"
        "b4d15efc11d2d9d25595e7bf01e501cf9b344874929bc16b645770d3f95af001fb015d043fbc1b5d938b4bd2"
        "035399932523000109913892b5c6310620ee92e722891a9b"
    ),
    (
        "b2011aaf0101660001d503b70309bd0b1eed6c8545c7bc5e6a46dc704185d145e2593db21b28a5e516c2d001"
        "d60001e505d68c4744f1791d537588f1249c5fd8ff86718b101381daaec448f9ffeb98f01ee2279d2f98f0fc"
        "225efc0591cc16e264cfc3844d334604a3da1ad04c35306189e4e27ccfe999118221643db9edffcf464bf512"
        "2f344554c53bde2ebb8cd2b7e301fb03e572905b0fa4f8189927c4fb7b4c3ddc4bf5122f344554c53bde2ebb"
        "8cd2b7e3"
    ),
    (
        "2e2a0c0a072f656467652f611201012a0c0a072f656467652f631201022210e4e27ccfe999118221643db9ed"
        "ffcf46"
    ),
    "0e2a0c0a072f656467652f62120101",
    "00",
]
