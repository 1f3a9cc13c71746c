"""The local ether: who else is on this link, by multicast DNS, with no server and no internet.

    node --- Service --- Agent (pure) --- datagrams         service.py, for every machine
    node --- Service --- python-zeroconf                    zeroconf.py, for hosts that want it

Both are this one door:

    discovery = Service(peer_id, medium)     peer_id: bytes; medium: see below
    await discovery.start(addresses)         list of Multiaddr; an unspecified one (0.0.0.0) stands
                                             for each interface's own addresses
    await discovery.next_event()             Found or Lost; EOFError once stopped
    discovery.update_addresses(addresses)    announced anew if they differ
    discovery.doubt(peer_id)                 it is lost or cannot be dialed: ask again, forget who
                                             does not answer, and find anew who answers late
    await discovery.stop()                   says goodbye

    discovery.can_probe                      whether what follows is possible
    discovery.offer(key)                     answer who asks for the key; whether there is a link to
                                             do so on.  LimitError: too many
    discovery.withdraw(key)                  answer for it no more
    queue = discovery.probe(key)             ask who has the key: a Queue of Found, closed when the
                                             probe is over.  LimitError: too many
    discovery.probe(b"")                     who is there; asked only if nobody is known to be
    discovery.end(queue)                     enough

    values = discovery.values(load)          offers values and answers with what ``await load(key)``
                                             gives, None if there is none: it is asked only then.
                                             offer(key): whether it was before; withdraw(key)
    queue = discovery.ask(key, digest)       ask for the value of the key, ``digest`` being that of
                                             the one we have, or None: a Queue of Told, see
                                             edge.mdns.values; ended like that of a probe

A key has 1 to 80 bytes; a node has that of its own peer id without being told.  How they are asked
for: edge/routing/README.md, and their values: edge/records/README.md.

What it tells is a hint from an open medium, checked by nobody: dial it and let Noise decide.

An interface is ``(name, networks)``, the networks a tuple of ``(address, prefix)`` with addresses
of 4 or 16 bytes.  ``interfaces`` is what knows them:

    interfaces.current()                     list of those that are up now
    await interfaces.changed()               returns when ``current()`` may be different
    interfaces.close()

``datagrams`` carries packets on them.  A host is 4 or 16 bytes, too:

    await datagrams.open()
    datagrams.interfaces()                   list, as above
    await datagrams.receive()                (packet, (host, port), interface name), or None when
                                             the interfaces have changed
    datagrams.send(packet, (host, port), interface name)       neither waits nor fails
    await datagrams.close()

The pure agent takes ``datagrams`` for its medium; python-zeroconf has its own sockets and takes
``interfaces``.
"""

from collections import namedtuple

# A peer says that these are all its addresses on ``interface``; the peer id is cut off of them.
Found = namedtuple("Found", ("peer_id", "addresses", "interface"))

# A peer said goodbye or fell silent, on every interface.
Lost = namedtuple("Lost", ("peer_id",))

_MODULES = {"agent": "edge.mdns.service", "zeroconf": "edge.mdns.zeroconf"}


def open_discovery(name: str, peer_id: bytes, medium):
    """The Service of the inhabitant ``name``, its module loaded now."""
    return __import__(_MODULES[name], None, None, ("Service",)).Service(peer_id, medium)
