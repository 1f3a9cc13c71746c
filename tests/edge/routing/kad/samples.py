"""What tests of kad look for and store."""

from edge.errors import RemoteError

KEY = b"\x12\x20" + bytes(range(32))


class Newest:
    """A validator: a value is good if it begins with a digit, a greater one is better."""

    def validate(self, key: bytes, value: bytes, now_unix_ms: int) -> None:
        if not value[:1].isdigit():
            raise RemoteError("no digit")

    def select(self, key: bytes, values: list) -> int:
        return values.index(max(values))

    def compare(self, key: bytes, a: bytes, b: bytes) -> int:
        return (a > b) - (a < b)

    def lifetime_ms(self, value: bytes, now_unix_ms: int) -> None:
        return None

    def aged(self, value: bytes, held_ms: int) -> bytes:
        return value


class Mortal:
    """A validator: a value is its rank, how long it lives and how old it is, a byte each."""

    def __init__(self, unit_ms: int) -> None:
        self.unit_ms = unit_ms

    def validate(self, key: bytes, value: bytes, now_unix_ms: int) -> None:
        if value[2] >= value[1]:
            raise RemoteError("too old")

    def select(self, key: bytes, values: list) -> int:
        return values.index(max(values))  # of one rank the older

    def compare(self, key: bytes, a: bytes, b: bytes) -> int:
        return (a[:2] > b[:2]) - (a[:2] < b[:2])

    def lifetime_ms(self, value: bytes, now_unix_ms: int) -> int:
        return max(0, value[1] - value[2]) * self.unit_ms

    def aged(self, value: bytes, held_ms: int) -> bytes:
        return value[:2] + bytes([min(value[1], value[2] + held_ms // self.unit_ms)])


VALIDATORS = {"new": Newest(), "mortal": Mortal(1), "hours": Mortal(3600000)}
