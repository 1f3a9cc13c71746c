"""`edge providers`: who has something."""

from edge.cli import EXIT_OK, session
from edge.cli.screen import Screen

SUMMARY = """\
Find the peers that provide a key: everyone on the LAN is asked, and the peers that keep what
others told them.  A key is a CID, a multihash, or words (see 'edge provide')."""
EXAMPLES = """\
  edge providers temperature           who provides the key of that word
  edge providers bafkrei...            who has what a CID names
  edge providers temperature -n 1      the first one, as soon as it is found
  edge providers temperature --json | jq -r .peer_id
"""


def add_arguments(parser) -> None:
    parser.add_argument("key", metavar="KEY", help="what they are to have")
    session.add_search_options(parser, 20)


def run(options, screen: Screen) -> int:
    shown: dict[str, bool] = {}  # peer id -> with an address

    def show(event: dict) -> None:
        text = None
        if event["event"] == "provider" and not shown.get(event["peer_id"]):
            shown[event["peer_id"]] = bool(event["addresses"])
            peer_id = screen.paint("bold", event["peer_id"])
            text = f"{peer_id}  {'this node' if event['self'] else session.where(event)}"
        elif event["event"] == "key" and event["meaning"] == "name" and not screen.as_json:
            screen.notice(f"the key of {event['text']} is {event['cid']}")
        screen.result(event, text)
        if event["event"] != "searched":
            session.searching(screen, len(shown))

    request = session.search(options, {"do": "providers", "key": session.key(options.key)})
    session.searching(screen, 0)
    session.ask(options, screen, request, show)
    return EXIT_OK
