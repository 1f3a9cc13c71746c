"""What the host is made of: TCP, Noise, yamux, identify and ping; no limits, mDNS if asked."""

import contextlib
import importlib.metadata

from libp2p import new_host
from libp2p.crypto.ed25519 import create_new_key_pair
from libp2p.crypto.x25519 import create_new_key_pair as create_new_x25519_key_pair
from libp2p.network.config import ConnectionConfig, RetryConfig
from libp2p.rcmgr import ResourceLimits, ResourceManager
from libp2p.rcmgr.connection_limits import ConnectionLimits
from libp2p.security.noise.transport import PROTOCOL_ID as NOISE_PROTOCOL_ID
from libp2p.security.noise.transport import Transport as NoiseTransport
from libp2p.stream_muxer.yamux.yamux import PROTOCOL_ID as YAMUX_PROTOCOL_ID
from libp2p.stream_muxer.yamux.yamux import Yamux
from libp2p.transport.tcp.tcp import TCP
from multiaddr import Multiaddr

AGENT = "py-libp2p/" + importlib.metadata.version("libp2p")

_SEED_BYTES = 32
_UNLIMITED = 1_000_000


def create_host(seed: str | None = None, mdns: bool = False):
    """A host that does not run yet."""
    if seed and len(bytes.fromhex(seed)) != _SEED_BYTES:
        raise ValueError(f"--seed takes {_SEED_BYTES} bytes in hex")
    key_pair = create_new_key_pair(bytes.fromhex(seed) if seed else None)
    noise_key = create_new_x25519_key_pair().private_key
    return new_host(
        key_pair=key_pair,
        sec_opt={NOISE_PROTOCOL_ID: NoiseTransport(key_pair, noise_privkey=noise_key)},
        muxer_opt={YAMUX_PROTOCOL_ID: Yamux},
        transports=[TCP()],
        enable_mDNS=mdns,
        connection_config=_connections(),
        resource_manager=_resources(),
        disable_identify_address_discovery=True,
    )


def _connections() -> ConnectionConfig:
    # An inbound slot is not given back when its connection closes (0.8.1), so that
    # max_connections - min_connections is what a host ever accepts, by default 250.
    return ConnectionConfig(
        max_connections=_UNLIMITED,
        high_watermark=_UNLIMITED,
        min_connections=0,
        low_watermark=0,  # nobody is dialled to fill up
        max_connections_per_peer=_UNLIMITED,
    )


def _resources() -> ResourceManager:
    """Counts, but never says no: the default one stops at 256 inbound connections."""
    return ResourceManager(
        limits=ResourceLimits(_UNLIMITED, _UNLIMITED, _UNLIMITED),
        connection_limits=ConnectionLimits(),
        enable_metrics=False,
        enable_memory_limits=False,
        enable_circuit_breaker=False,
        enable_graceful_degradation=False,
        enable_rate_limiting=False,
    )


@contextlib.asynccontextmanager
async def running(listen=(), seed: str | None = None, mdns: bool = False):
    """A host that runs, for as long as the block."""
    host = create_host(seed, mdns)
    # One try to an address: whoever asked for a dial decides about the next.
    host.get_network().retry_config = RetryConfig(max_retries=0)
    async with host.run([Multiaddr(address) for address in listen]):
        if len(host.get_network().listeners) < len(set(listen)):
            raise OSError("cannot listen on all of " + ", ".join(listen))
        yield host
