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


VALIDATORS = {"new": Newest()}
