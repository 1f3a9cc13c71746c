"""`edge ping`: round trips to a peer over an encrypted connection."""

from edge.cli import EXIT_FAILED, EXIT_OK, PING_INTERVAL_MAX_S, PINGS_MAX, session
from edge.cli.screen import Screen, duration
from edge.errors import EdgeError

SUMMARY = "Measure the round trip to a peer, over an encrypted and authenticated connection."
EXAMPLES = """\
  edge ping 12D3KooW...                a peer this node knows or finds on the LAN
  edge ping 5SA3kQ                     the end of its id is enough
  edge ping /ip4/192.0.2.7/tcp/4001/p2p/12D3KooW... -c 1
"""


def add_arguments(parser) -> None:
    parser.add_argument("peer", help="peer id, its end, or a multiaddr")
    parser.add_argument("-c", "--count", type=int, default=4, help="how many (default: 4)")
    parser.add_argument("-i", "--interval", type=float, default=1.0, metavar="SECONDS",
                        help="between two pings (default: 1)")  # fmt: skip


def run(options, screen: Screen) -> int:
    times: list[float] = []

    def show(event: dict) -> None:
        times.append(event["rtt_ms"])
        screen.result(event, f"pong {event['number']} from {event['peer_id']}  "
                      + screen.paint("green", duration(event["rtt_ms"])))  # fmt: skip

    interval_s = session.within("-i", options.interval, 0, PING_INTERVAL_MAX_S)
    request = {"do": "ping", "peer": session.peer(options.peer),
               "count": session.within("-c", options.count, 1, PINGS_MAX),
               "interval_ms": round(interval_s * 1000)}  # fmt: skip
    screen.progress(f"looking for {request['peer']} ...")
    try:
        session.ask(options, screen, request, show)
    except (EdgeError, KeyboardInterrupt):
        _summarise(screen, times)
        raise
    _summarise(screen, times)
    return EXIT_OK if times else EXIT_FAILED


def _summarise(screen: Screen, times: list[float]) -> None:
    if times and not screen.as_json:
        middle = sorted(times)[len(times) // 2]
        screen.result({}, f"{len(times)} round trips: least {duration(min(times))}, "
                      f"middle {duration(middle)}, most {duration(max(times))}")  # fmt: skip
