"""Numbers of fixed size, most significant byte first."""


def u64(value: int) -> bytes:
    return value.to_bytes(8, "big")


def read_u64(data: bytes) -> int:
    """The number in exactly eight bytes."""
    assert len(data) == 8
    return int.from_bytes(data, "big")
