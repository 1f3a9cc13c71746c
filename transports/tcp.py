"""TCP over IPv4 and IPv6, and the names that lead there (dns, dns4, dns6).

Dials from the port it listens on, so that the address a peer observes is one others can dial.
"""

from edge.errors import LocalError
from edge.swarm import transport
from edge.system import net
from edge.wire.multiaddr import Multiaddr

RESOLVED_MAX = 8  # addresses of one name that are tried
_FAMILIES = {"ip4": 2, "ip6": 10, "dns": 0, "dns4": 2, "dns6": 10}  # 0: whatever the name has


class Connection(net.Stream):
    """A net.Stream that knows its ends."""

    __slots__ = ("local_address", "remote_address")

    profile = transport.FAST

    def __init__(self, sock) -> None:
        super().__init__(sock)
        self.local_address = None
        self.remote_address = None
        if hasattr(sock, "getsockname"):
            host, port = net.platform.peer_of(sock.getsockname())
            self.local_address = to_multiaddr(host, port)


class Listener:
    def __init__(self, server) -> None:
        self._server = server
        self._address = to_multiaddr(server.host, server.port)

    def addresses(self) -> list:
        return [self._address]

    async def accept(self) -> Connection:
        connection, host, port = await self._server.accept(Connection)
        connection.remote_address = to_multiaddr(host, port)
        return connection

    async def close(self) -> None:
        await self._server.close()


class Transport(transport.Transport):
    """Stateless but for the ports it may dial from."""

    def __init__(self) -> None:
        self._local: dict = {}  # family of a listener -> (host, port) to dial from

    def can_dial(self, address) -> bool:
        names = [name for name, _ in address.components if name not in ("p2p", "ip6zone")]
        return len(names) == 2 and names[0] in _FAMILIES and names[1] == "tcp"

    async def dial(self, address) -> Connection:
        host, port = _host(address), int(address.value("tcp"))
        family = "ip6" if ":" in host else "ip4"
        connection = await net.connect(host, port, Connection, self._local.get(family))
        connection.remote_address = to_multiaddr(host, port)
        return connection

    async def listen(self, address) -> Listener:
        if not self.can_dial(address) or address.components[0][0].startswith("dns"):
            raise LocalError("tcp listens on /ip4/... or /ip6/..., not on {}".format(address))
        host = _host(address)
        server = net.Server(host, int(address.value("tcp")), shared=True)
        family = "ip6" if ":" in host else "ip4"
        if net.platform.SHARES_PORTS and host in ("0.0.0.0", "::"):
            self._local[family] = (host, server.port)
        return Listener(server)

    async def resolve(self, address) -> list:
        name, host = address.components[0]
        if not name.startswith("dns"):
            return [address]
        rest = Multiaddr.from_bytes(address.to_bytes()[len(_head(name, host)) :])
        found = await net.resolve(host, int(address.value("tcp")), _FAMILIES[name])
        return [to_head(ip).encapsulate(rest) for ip in found[:RESOLVED_MAX]]


def _head(name: str, host: str) -> bytes:
    return Multiaddr("/{}/{}".format(name, host)).to_bytes()


def _host(address) -> str:
    """The host as sockets want it: an IPv6 zone behind a percent sign."""
    zone = address.value("ip6zone")
    host = address.value("ip6") or address.value("ip4")
    if not host:
        raise LocalError("no ip in {}: resolve it first".format(address))
    return host + "%" + zone if zone else host


def to_head(host: str):
    """/ip4 or /ip6 (with its zone) of a numeric host."""
    if ":" not in host:
        return Multiaddr("/ip4/" + host)
    if host.startswith("::ffff:") and "." in host:
        return Multiaddr("/ip4/" + host[7:])
    host, _, zone = host.partition("%")
    return Multiaddr("/ip6zone/{}/ip6/{}".format(zone, host) if zone else "/ip6/" + host)


def to_multiaddr(host: str, port: int):
    if ":" not in host:
        return Multiaddr("/ip4/{}/tcp/{}".format(host, port))
    return to_head(host).encapsulate(Multiaddr("/tcp/{}".format(port)))
