"""Names that stand for peers: /dnsaddr/example.org is what the TXT records there say.

    /dnsaddr/example.org/p2p/12D3KooA      asks for TXT of _dnsaddr.example.org, which says
      dnsaddr=/ip4/192.0.2.1/tcp/4001/p2p/12D3KooA      kept: it ends as what was asked for
      dnsaddr=/dnsaddr/eu.example.org/p2p/12D3KooA      a name again: asked for in turn
      dnsaddr=/ip4/192.0.2.2/tcp/4001/p2p/12D3KooB      another peer: left out

Whoever keeps the zone chooses what it says, so everything is bounded, and what it says is a hint:
who answers must still prove to be the peer.  Spec: libp2p addressing, multiformats/multiaddr.
"""

from edge.errors import EdgeError, LinkError, RemoteError
from edge.system import aio, const
from edge.wire.multiaddr import Multiaddr

DEPTH_MAX = 4  # names on the way to an address
LOOKUPS_MAX = 32  # names asked for because of one
RESOLVED_MAX = 100  # addresses one name stands for
TIMEOUT_MS = 10000  # for all lookups of one name together

_DNSADDR = const(56)  # the first byte of an address that begins with /dnsaddr
_PREFIX = b"dnsaddr="
_RECORDS_MAX = const(256)  # of one name that are looked at


async def resolve(address, lookup_txt) -> list:
    """What ``address``, a /dnsaddr, stands for: addresses that begin with something else.

    ``await lookup_txt(name)`` gives the text of each TXT record, as bytes; none for no such name.
    A part that cannot be had is left out.  LinkError if that leaves nothing because nobody answers.
    """
    found: list = []
    failures: list = []
    try:
        await aio.wait_for_ms(_follow(address, lookup_txt, found, failures), TIMEOUT_MS)
    except aio.TimeoutError:
        failures.append("no answer within {} ms".format(TIMEOUT_MS))
    if failures and not found:
        raise LinkError("{}: {}".format(address, failures[0]))
    return found


async def _follow(address, lookup_txt, found: list, failures: list) -> None:
    """Ask for ``address`` and the names behind it, near ones first; no name twice."""
    asked: list = []
    names = [address]
    for _ in range(DEPTH_MAX):
        further: list = []
        for name in names:
            if name in asked or len(asked) >= LOOKUPS_MAX:
                continue
            asked.append(name)
            try:
                texts = await lookup_txt("_dnsaddr." + name.components[0][1])
            except EdgeError as error:
                failures.append(str(error))
                continue
            _sort(entries(name, texts), found, further)
        names = further


def _sort(told: list, found: list, further: list) -> None:
    """Put each address where it belongs, within bounds."""
    for entry in told:
        if entry.to_bytes()[0] == _DNSADDR:
            further.append(entry)
        elif len(found) < RESOLVED_MAX and entry not in found:
            found.append(entry)


def entries(address, texts: list) -> list:
    """The addresses among ``texts`` that end in what follows the name in ``address``."""
    suffix = address.components[1:]
    kept = []
    for text in texts[:_RECORDS_MAX]:
        if text[: len(_PREFIX)] != _PREFIX:
            continue
        try:
            entry = Multiaddr.from_peer_text(str(text[len(_PREFIX) :], "utf-8"))
        except (RemoteError, UnicodeError):
            continue
        parts = entry.components
        at = len(parts) - len(suffix)
        if at > 0 and parts[at:] == suffix and entry.is_shareable:
            kept.append(entry)
    return kept
