"""`edge dial`: connect to a peer and show what it says about itself."""

from edge.cli import EXIT_OK, session
from edge.cli.screen import Screen, duration

SUMMARY = "Connect to a peer, prove who it is, and show what it says about itself (identify)."
EXAMPLES = """\
  edge dial /ip4/192.0.2.7/tcp/4001/p2p/12D3KooW...
  edge dial /ip4/192.0.2.7/tcp/4001    whoever is there
  edge dial 12D3KooW... --json         one object
"""


def add_arguments(parser) -> None:
    parser.add_argument("peer", help="multiaddr, peer id, or the end of one")


def run(options, screen: Screen) -> int:
    def show(event: dict) -> None:
        screen.result(event, _card(screen, event))

    peer = session.peer(options.peer)
    screen.progress(f"dialing {peer} ...")
    session.ask(options, screen, {"do": "dial", "peer": peer}, show)
    return EXIT_OK


def _card(screen: Screen, event: dict) -> str:
    rows = [
        ("peer id", [screen.paint("bold", event["peer_id"])]),
        ("connected", [f"{event['direction']}, {event['address']}, {duration(event['took_ms'])}"]),
        ("agent", [event.get("agent_version", "says nothing")]),
        ("speaks", event.get("protocols", [])),
        ("listens on", event.get("listen_addresses", [])),
        ("sees us at", [event["observed_address"]] if event.get("observed_address") else []),
    ]
    lines = []
    for name, values in rows:
        for value in values:
            lines.append(f"{name.ljust(10)}  {value}")
            name = ""
    return "\n".join(lines)
