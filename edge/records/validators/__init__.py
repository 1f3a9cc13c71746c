"""Who judges the values of which namespace; what a validator must be is said in edge/records.

    /pk/<peer id bytes>       the public key behind a peer id that is only its hash
    /ipns/<peer id bytes>     what the owner of a key points at

A module is loaded when a value of its namespace is met: ``open_validators()`` gives a table that
looks like one of loaded ones and costs nothing before.
"""

from edge.errors import RemoteError

MODULES = {  # namespace -> module with validate and select
    "pk": "edge.records.validators.pk",
    "ipns": "edge.records.validators.ipns",
}


class Validator:
    """One of MODULES, loaded by its first use."""

    def __init__(self, namespace: str) -> None:
        self._namespace = namespace

    def _loaded(self):
        return __import__(MODULES[self._namespace], None, None, ("validate",))

    def validate(self, key: bytes, value: bytes, now_unix_ms: int) -> None:
        """RemoteError says why ``value`` is none for ``key``."""
        self._loaded().validate(key, value, now_unix_ms)

    def select(self, key: bytes, values: "list[bytes]") -> int:
        """Which of ``values``, all valid, is the best."""
        return self._loaded().select(key, values)


def open_validators() -> "dict[str, Validator]":
    """Namespace -> Validator, of all there are."""
    return {namespace: Validator(namespace) for namespace in MODULES}


def name_in(key: bytes, namespace: str) -> bytes:
    """What stands behind ``/namespace/`` in ``key``; RemoteError if that is not how it begins."""
    head = "/{}/".format(namespace).encode()
    if key[: len(head)] != head or len(key) == len(head):
        raise RemoteError("a key that does not begin with /{}/".format(namespace))
    return bytes(key[len(head) :])
