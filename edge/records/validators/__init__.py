"""Who judges the values of which namespace; what a validator must be is said in edge/records.

    /pk/<peer id bytes>       the public key behind a peer id that is only its hash
    /ipns/<peer id bytes>     what the owner of a key points at
    /edge/<peer id bytes>/..  what the owner of a key says, by one of our schemes

A module is loaded when a value of its namespace is met: ``open_validators()`` gives a table that
looks like one of loaded ones and costs nothing before.
"""

from edge.errors import RemoteError
from edge.system import primitives

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from edge.records.observed import Time

MODULES = {  # namespace -> module with the functions, or with open_validator(time)
    "edge": "edge.records.validators.edge",
    "pk": "edge.records.validators.pk",
    "ipns": "edge.records.validators.ipns",
}


class Validator:
    """One of MODULES, loaded by its first use; what its module lacks is as for most."""

    def __init__(self, namespace: str, time: "Time | None" = None) -> None:
        self._namespace = namespace
        self._time = time
        self._found: Any = None

    def _loaded(self) -> "Any":
        if not self._found:
            self._found = __import__(MODULES[self._namespace], None, None, ("select",))
            if hasattr(self._found, "open_validator"):
                self._found = self._found.open_validator(self._time)
        return self._found

    def validate(self, key: bytes, value: bytes, now_unix_ms: int) -> None:
        """RemoteError says why ``value`` is none for ``key``."""
        self._loaded().validate(key, value, now_unix_ms)

    def select(self, key: bytes, values: "list[bytes]") -> int:
        """Which of ``values``, all valid, is the best."""
        return self._loaded().select(key, values)

    def compare(self, key: bytes, a: bytes, b: bytes) -> int:
        """1: ``a`` is better, -1: ``b`` is, 0: they are the same record."""
        module = self._loaded()
        if hasattr(module, "compare"):
            return module.compare(key, a, b)
        return 0 if a == b else 1 - 2 * module.select(key, [a, b])

    def lifetime_ms(self, value: bytes, now_unix_ms: int) -> "int | None":
        """How long ``value`` is still valid; None: it never ends."""
        module = self._loaded()
        return module.lifetime_ms(value, now_unix_ms) if hasattr(module, "lifetime_ms") else None

    def aged(self, value: bytes, held_ms: int) -> bytes:
        """What to pass on of a ``value`` that was held for so long."""
        module = self._loaded()
        return module.aged(value, held_ms) if hasattr(module, "aged") else value

    def digest(self, value: bytes) -> bytes:
        """Of the record that ``value`` is, in whatever of its forms."""
        module = self._loaded()
        return module.digest(value) if hasattr(module, "digest") else primitives.sha256(value)


def open_validators(time: "Time | None" = None) -> "dict[str, Validator]":
    """Namespace -> Validator, of all there are.

    ``time``: what is known of it; without, a validator has only the clock of who asks it.
    """
    return {namespace: Validator(namespace, time) for namespace in MODULES}


def name_in(key: bytes, namespace: str) -> bytes:
    """What stands behind ``/namespace/`` in ``key``; RemoteError if that is not how it begins."""
    head = "/{}/".format(namespace).encode()
    if key[: len(head)] != head or len(key) == len(head):
        raise RemoteError("a key that does not begin with /{}/".format(namespace))
    return bytes(key[len(head) :])
