"""A judge of records that are readable and need no signature, for tests of stores.

value = b"VERSION END TEXT"      END: "-" never, "@1000" at that time of the judge's clock,
                                 "500+20" after 500 ms, 20 of which have passed
"""

from edge.errors import RemoteError
from edge.system.primitives import sha256

OWN = b"\x00\x04self"  # peer ids in their binary form, short ones
OTHER = b"\x00\x05other"


def key_of(path: str, owner: bytes = OWN) -> bytes:
    return b"/edge/" + owner + b"/" + path.encode()


def record(version: int, text: str = "", end: str = "-") -> bytes:
    return "{} {} {}".format(version, end, text).encode()


class FakeJudge:
    """As edge.records.judge.Judge; ``now`` is its clock."""

    def __init__(self) -> None:
        self.now = 0
        self.asked = 0

    def check(self, key, value):
        self.asked += 1
        if not key.startswith(b"/edge/"):
            raise RemoteError("no such namespace")
        left = self.lifetime_ms(key, value)
        if left is not None and left <= 0:
            raise RemoteError("expired")

    def compare(self, key, a, b):
        a, b = _rank(a), _rank(b)
        return (a > b) - (a < b)

    def is_newer(self, key, value, held):
        order = self.compare(key, value, held)
        if order < 0:
            raise RemoteError("old record: a newer one is held")
        return order > 0

    def lifetime_ms(self, key, value):
        _, end, _ = _parse(value)
        if end == b"-":
            return None
        if end.startswith(b"@"):
            return int(end[1:]) - self.now
        ttl, age = end.split(b"+")
        return int(ttl) - int(age)

    def digest(self, key, value):
        version, end, text = _parse(value)
        return sha256(b"%d %s %s" % (version, end.split(b"+")[0], text))

    def aged(self, key, value, held_ms):
        version, end, text = _parse(value)
        if b"+" not in end:
            return value
        ttl, age = end.split(b"+")
        return b"%d %s+%d %s" % (version, ttl, int(age) + held_ms, text)


def _parse(value):
    try:
        version, end, text = bytes(value).split(b" ", 2)
        return int(version), end, text
    except ValueError:
        raise RemoteError("not a record")


def _rank(value):
    version, end, text = _parse(value)
    return version, sha256(end.split(b"+")[0] + b" " + text)
