"""Discovery over python-zeroconf, for hosts that prefer its responder.  The door: see edge.mdns.

Each interface has its own instance, for one instance says the same on all interfaces.  What it
sends of its own accord is changed to the universal answer of edge.mdns.agent: rust-libp2p finds
nobody in its announcements, and js-libp2p would take its goodbyes for greetings.

What it cannot do is tell where a packet came from: it believes answers from beyond the link, and
one hostile source may fill the tables of all.  Nor does it ask or answer for keys, see
edge/routing/README.md: python-zeroconf has no subtypes that come and go.
"""

from typing import Any

from zeroconf import (
    DNSOutgoing,
    DNSQuestion,
    ServiceInfo,
    ServiceStateChange,
    Zeroconf,
    current_time_millis,
)
from zeroconf.asyncio import AsyncServiceBrowser, AsyncZeroconf

from edge.errors import LocalError, RemoteError
from edge.mdns import Found, Lost, dnsaddr, message
from edge.system import aio, entropy
from edge.system.log import Log
from edge.wire import ip
from edge.wire.multiaddr import Multiaddr

SERVICE = "_p2p._udp.local"
NAMES_MAX = 512  # remembered; rust-libp2p uses a new one in each answer
DOUBT_MS = 5000  # how long a peer that is doubted has to answer

_ARRIVED_MS = 10  # by then is read what had arrived before a socket was told its interface
_PORT = 4001  # of the SRV; the ports that matter are in the TXT
_PTR, _TXT, _IN = 12, 16, 1
_RESPONSE = 0x8400
_SOL_SOCKET, _SO_BINDTODEVICE = 1, 25  # of Linux

log = Log("mdns")


class _Responder(Zeroconf):
    """Announces as it answers, says goodbye with nothing but the PTR."""

    def generate_service_broadcast(
        self, info: ServiceInfo, ttl: int | None, broadcast_addresses: bool = True
    ) -> DNSOutgoing:
        out = DNSOutgoing(_RESPONSE)
        out.add_answer_at_time(info.dns_pointer(override_ttl=ttl), 0)
        if ttl != 0:
            for record in (info.dns_text(), info.dns_service(), *info.dns_addresses()):
                out.add_additional_answer(record)
        return out

    def async_send(self, out: DNSOutgoing, *arguments: Any, **options: Any) -> None:
        """Leave out what was queued before our name changed."""
        for record, _ in out.answers:
            is_ours = record.type == _PTR and record.ttl and not out.is_query()
            if is_ours and not self.registry.async_get_info_name(record.alias.lower()):
                return
        super().async_send(out, *arguments, **options)

    def generate_unregister_all_services(self) -> DNSOutgoing | None:
        infos = self.registry.async_get_service_infos()
        out = DNSOutgoing(_RESPONSE)
        for info in infos:
            out.add_answer_at_time(info.dns_pointer(override_ttl=0), 0)
        self.registry.async_remove(infos)
        return out if infos else None


class _Link:
    """Our part on one interface."""

    def __init__(self, interface: str, networks: tuple, service: str) -> None:
        self.interface = interface
        self.networks = networks
        self.is_loopback = ip.scope(networks[0][0]) == "loopback"
        self._service = service + "."
        self._info: ServiceInfo | None = None
        self._repeating: Any = None  # says it a second and a third time
        first = [[ip.text(h) for h, _ in networks if len(h) == size][:1] for size in (4, 16)]
        self._zeroconf = _Responder(interfaces=first[0] + first[1])
        self._async = AsyncZeroconf(zc=self._zeroconf)
        self._browser: AsyncServiceBrowser | None = None

    async def start(self, on_change) -> None:
        await self._zeroconf.async_wait_for_start()
        for reader in self._zeroconf.engine.readers:
            self._hear_this_interface_only(reader.sock)
        await aio.sleep_ms(_ARRIVED_MS)
        self._forget_all()
        self._browser = AsyncServiceBrowser(self._zeroconf, self._service, handlers=[on_change])

    def _hear_this_interface_only(self, sock) -> None:
        """Linux gives a socket what the machine joined on any interface unless told otherwise."""
        try:
            sock.setsockopt(_SOL_SOCKET, _SO_BINDTODEVICE, self.interface.encode())
        except OSError as error:
            log.debug("{}: hears other interfaces, too: {}", self.interface, error)

    def _forget_all(self) -> None:
        """Other interfaces were heard until now; who is on this one answers the first question."""
        cache = self._zeroconf.cache
        for name in cache.names():
            cache.async_remove_records(cache.entries_with_name(name))

    async def announce(self, addresses: list[Multiaddr], peer_id: bytes) -> None:
        """Say that this is where we are, then goodbye to what was said before."""
        before, self._info = self._info, None
        if self._repeating:
            self._repeating.cancel()
        hosts = dnsaddr.hosts(self.networks)
        text = dnsaddr.text(addresses, peer_id, hosts)
        if text:
            label = "".join([chr(97 + octet % 26) for octet in entropy.random_bytes(32)])
            self._info = ServiceInfo(
                self._service,
                f"{label}.{self._service}",
                port=_PORT,
                properties=text,
                server=f"{label}.local.",
                addresses=hosts,
            )
            register = self._async.async_register_service
            self._repeating = await register(self._info, cooperating_responders=True)
        if before:
            await self._async.async_unregister_service(before)

    def texts(self, name: str) -> list[bytes]:
        """The strings of the TXT records that are known for a name."""
        strings = []
        for record in self._zeroconf.cache.get_all_by_details(name, _TXT, _IN):
            try:
                strings += message.split(record.text)
            except RemoteError as error:
                log.debug("{}", error)
        return strings

    def ask(self) -> None:
        out = DNSOutgoing(0)
        out.add_question(DNSQuestion(self._service, _PTR, _IN))
        self._zeroconf.async_send(out)

    def forget(self, name: str, before: float) -> bool:
        """Drop a name that was not heard since."""
        cache = self._zeroconf.cache
        known = cache.current_entry_with_name_and_alias(self._service, name)
        if known and known.created >= before:
            return False
        cache.async_remove_records([known] if known else [])
        return True

    async def stop(self) -> None:
        if self._browser:
            await self._browser.async_cancel()
        await self._async.async_close()


class Service:
    """Tells which peers are on the links that ``interfaces`` knows, and tells them of us."""

    can_probe = False

    def __init__(self, peer_id: bytes, interfaces, service: str = SERVICE) -> None:
        self._peer_id = peer_id
        self._interfaces = interfaces
        self._service = service
        self._addresses: list[Multiaddr] = []
        self._links: dict[str, _Link] = {}
        # (interface, name in DNS) -> (peer id, addresses); oldest first
        self._names: dict[tuple[str, str], tuple[bytes, list[Multiaddr]]] = {}
        # (interface, peer id) -> the addresses that next_event told
        self._told: dict[tuple[str, bytes], set[Multiaddr]] = {}
        self._event_came = aio.Event()
        self._tasks = aio.Group(self._on_error)
        self._running = False

    async def start(self, addresses) -> None:
        self._running = True
        self._addresses = list(addresses)
        await self._adapt()
        self._tasks.spawn(self._watch())

    async def stop(self) -> None:
        self._running = False
        await self._tasks.cancel()
        links, self._links = self._links, {}
        for link in links.values():
            await link.stop()
        self._event_came.set()

    def update_addresses(self, addresses) -> None:
        if set(addresses) != set(self._addresses):
            self._addresses = list(addresses)
            for link in self._links.values():
                self._tasks.spawn(link.announce(self._addresses, self._peer_id))

    def doubt(self, peer_id: bytes) -> None:
        self._tasks.spawn(self._doubt(peer_id))

    def offer(self, key: bytes) -> bool:
        raise _no_probes()

    def withdraw(self, key: bytes) -> None:
        raise _no_probes()

    def probe(self, key: bytes) -> aio.Queue:
        raise _no_probes()

    def end(self, queue: aio.Queue) -> None:
        raise _no_probes()

    def values(self, load):
        raise _no_probes()

    def ask(self, key: bytes, digest: bytes | None) -> aio.Queue:
        raise _no_probes()

    async def next_event(self) -> Found | Lost:
        """What has become known of the peers around.  EOFError once stopped."""
        while self._running:
            event = self._difference()
            if event:
                return event
            self._event_came.clear()
            await self._event_came.wait()
        raise EOFError

    def _difference(self) -> Found | Lost | None:
        """One difference between what is and what was told."""
        there = {(key[0], peer[0]): peer[1] for key, peer in self._names.items()}
        for key in list(self._told):
            if key not in there:
                del self._told[key]
                if key[1] not in [peer_id for _, peer_id in [*self._told, *there]]:
                    return Lost(key[1])
        for key, addresses in there.items():
            if self._told.get(key) != set(addresses):
                self._told[key] = set(addresses)
                return Found(key[1], addresses, key[0])
        return None

    def _on_error(self, error: Exception) -> None:
        log.warn("{!r}", error)

    async def _watch(self) -> None:
        while True:
            known = [(link.interface, link.networks) for link in self._links.values()]
            if sorted(known) != sorted(self._interfaces.current()):
                await self._adapt()
            await self._interfaces.changed()

    async def _adapt(self) -> None:
        """Start and stop links until they fit the interfaces there are."""
        current = dict(self._interfaces.current())
        for interface, link in list(self._links.items()):
            if current.get(interface) != link.networks:
                del self._links[interface]
                await link.stop()
        self._names = {key: peer for key, peer in self._names.items() if key[0] in current}
        for interface, networks in current.items():
            if interface not in self._links:
                await self._open(interface, networks)
        self._event_came.set()

    async def _open(self, interface: str, networks: tuple) -> None:
        try:
            link = _Link(interface, networks, self._service)
        except OSError as error:
            log.warn("no multicast on {}: {}", interface, error)
            return
        self._links[interface] = link

        def on_change(zeroconf, service_type, name, state_change) -> None:
            self._on_change(link, name, state_change)

        await link.start(on_change)
        self._tasks.spawn(link.announce(self._addresses, self._peer_id))

    def _on_change(self, link: _Link, name: str, change: ServiceStateChange) -> None:
        key = (link.interface, name)
        self._names.pop(key, None)
        if change is not ServiceStateChange.Removed:
            found = dnsaddr.read(link.texts(name), link.interface, link.is_loopback)
            if found[0] and found[0] != self._peer_id:
                self._names[key] = found
        while len(self._names) > NAMES_MAX:
            del self._names[next(iter(self._names))]
        self._event_came.set()

    async def _doubt(self, peer_id: bytes) -> None:
        since = current_time_millis()
        names = [key for key, peer in self._names.items() if peer[0] == peer_id]
        links = [self._links[interface] for interface in {interface for interface, _ in names}]
        for link in links:
            link.ask()
        await aio.sleep_ms(DOUBT_MS)
        for link in links:
            for interface, name in names:
                if interface == link.interface and link.forget(name, since):
                    self._names.pop((interface, name), None)
        self._event_came.set()


def _no_probes() -> LocalError:
    return LocalError("python-zeroconf cannot ask the LAN for a key; the setting mdns_agent can")
