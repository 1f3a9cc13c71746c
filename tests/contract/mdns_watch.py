"""A program for both Pythons: announces a peer over the pure agent and prints what it hears.

    python -m tests.contract.mdns_watch NUMBER SECONDS [HOST INTERFACE]

One line each: milliseconds since the start, found or lost, number of the peer, its addresses.  HOST
is the IPv4 address where the system cannot be asked for it.
"""

import sys

from edge.mdns import Found
from edge.mdns.service import Service
from edge.system import MICROPYTHON, aio, clock
from edge.wire import ip
from edge.wire.multiaddr import Multiaddr
from tests.contract.mdns import peer_id
from transports.multicast.datagrams import FixedInterfaces, Multicast

LISTEN = ("/ip4/0.0.0.0/tcp/4001", "/ip6/::/tcp/4001")


def open_interfaces(host: str, interface: str):
    if host:
        return FixedInterfaces([(interface, ((ip.parse4(host), 24),))])
    from transports.multicast.interfaces import open_interfaces

    return open_interfaces()


def say(*words) -> None:
    sys.stdout.write(" ".join([str(word) for word in words]) + "\n")
    if not MICROPYTHON:
        sys.stdout.flush()


async def watch(door: Service, since: int) -> None:
    while True:
        event = await door.next_event()
        number = event.peer_id[6] | event.peer_id[7] << 8
        told = event.addresses if isinstance(event, Found) else []
        kind = "found" if isinstance(event, Found) else "lost"
        say(clock.monotonic_ms() - since, kind, number, *told)


async def main(number: int, seconds: int, host: str = "", interface: str = "") -> None:
    since = clock.monotonic_ms()
    door = Service(peer_id(number), Multicast(open_interfaces(host, interface)))
    tasks = aio.Group()
    await door.start([Multiaddr(text) for text in LISTEN])
    tasks.spawn(watch(door, since))
    await aio.sleep_ms(seconds * 1000)
    await door.stop()
    await tasks.cancel()


if __name__ == "__main__":
    aio.run(main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:]))
