"""`edge find`: where a peer is, or which peers are the closest to a key."""

from edge.cli import EXIT_OK, SUFFIX_LEAST, UsageError, session
from edge.cli.screen import Screen
from edge.errors import EdgeError

SUMMARY = """\
Find a peer: its addresses, one a line, each ready for 'edge dial'.  Or, for a key, the peers
closest to it, with the bits of their places that agree: they are who is asked and told about it.

A peer is named by its id, by the last letters of it if the node knows it, or by an address that
ends in /p2p/...; anything else is a key: a CID, a multihash, or words (see 'edge provide').  What
begins with Qm is taken for a peer id: a CID of version 0 can be written as one of version 1."""
EXAMPLES = """\
  edge find 12D3KooW...                where that peer is
  edge find 12D3KooW... | head -n 1    the first address that is known
  edge find name:temperature           the 20 peers closest to the key of that word
  edge find bafkrei... -n 3 --json     the 3 closest to a CID, one object a line
  edge find 12D3KooW... --routing kad-lan
"""


def add_arguments(parser) -> None:
    parser.add_argument("what", metavar="PEER|KEY", help="whom or what to look for")
    session.add_search_options(parser, 20)


def run(options, screen: Screen) -> int:
    found: list[str] = []

    def show(event: dict) -> None:
        text = _text(screen, event)
        if event["event"] == "key" and not screen.as_json:
            _tell_key(screen, event, options.what)
        if "peer_id" in event:
            found.append(event["peer_id"])
        screen.result(event, text)
        if event["event"] != "searched":
            session.searching(screen, len(set(found)))

    request = session.search(options, {"do": "find", "what": _what(options.what)})
    session.searching(screen, 0)
    session.ask(options, screen, request, show)
    return EXIT_OK


def _what(text: str) -> str:
    """``text`` if it can name a peer or a key; UsageError if not."""
    from edge.identity.peer_id import PeerId

    if text.startswith("/"):
        session.peer(text)
        if "/p2p/" not in text:
            raise UsageError(
                f"{text} does not say which peer is there\n'edge dial' asks whoever is"
            )
        return text
    try:
        PeerId.parse(text)
        return text
    except EdgeError:
        return session.key(text)


def _tell_key(screen: Screen, event: dict, typed: str) -> None:
    """How words were understood, and that they could have been meant otherwise."""
    if event["meaning"] != "name":
        return
    why = ""
    if typed.isascii() and typed.isalnum() and len(typed) >= SUFFIX_LEAST:
        why = "no known peer's id ends so; "
    screen.notice(f"{why}the key of {event['text']} is {event['cid']}")


def _text(screen: Screen, event: dict) -> str | None:
    """A result for people; None for one they need not see."""
    if event["event"] == "peer":
        tail = "/p2p/" + event["peer_id"]
        return "\n".join([address + tail for address in event["addresses"]]) or None
    if event["event"] == "closest" and not event["again"]:
        bits = f"{event['bits']} bits".rjust(8)
        return f"{screen.paint('bold', event['peer_id'])}  {bits}  {session.where(event)}"
    return None
