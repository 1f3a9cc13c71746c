"""Signed envelope: a payload, who signed it, and a domain so that it serves for nothing else.

    sent      public key, payload type, payload, signature
    signed    domain, payload type, payload, each behind its length

The domain is not sent: both ends know it. The signature covers the payload as it came, and nobody
looks into the payload before that is checked. Spec: libp2p RFC 0002.
"""

from edge.errors import RemoteError
from edge.identity.keys import PrivateKey, PublicKey, decode_public_key
from edge.wire import protobuf, varint

SIZE_MAX = 8192  # bytes, as much as an identify message may have


def seal(private: PrivateKey, domain: str, payload_type: bytes, payload: bytes) -> bytes:
    signature = private.sign(_signed(domain, payload_type, payload))
    return (
        protobuf.encode_bytes(1, private.public.encode())
        + protobuf.encode_bytes(2, payload_type)
        + protobuf.encode_bytes(3, payload)
        + protobuf.encode_bytes(5, signature)
    )


def unseal(data: bytes, accepted: "tuple[tuple[str, bytes], ...]") -> "tuple[PublicKey, bytes]":
    """``(signer, payload)`` of what is sealed for one of the pairs of domain and payload type."""
    if len(data) > SIZE_MAX:
        raise RemoteError("envelope too long")
    key, payload_type, payload, _, signature = protobuf.parse(bytes(data), "bbb-b")
    public_key = decode_public_key(key or b"")
    for domain, wanted in accepted:
        if payload_type == wanted:
            if public_key.verify(_signed(domain, wanted, payload or b""), signature or b""):
                return public_key, payload or b""
            break
    raise RemoteError("envelope not signed for this")


def _signed(domain: str, payload_type: bytes, payload: bytes) -> bytes:
    return varint.frame(domain.encode()) + varint.frame(payload_type) + varint.frame(payload)
