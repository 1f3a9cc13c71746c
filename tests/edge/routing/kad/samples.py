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


VALIDATORS = {"new": Newest()}
