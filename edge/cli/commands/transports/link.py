"""`edge link`: how well each cable and connection does."""

import sys

from edge.cli import EXIT_OK, session
from edge.cli.screen import Screen, counted, duration

SUMMARY = """\
Show each link of the running node: its medium, who is at the other end, and of a cable its rate,
frame size, round trip, bytes a second of what is carried, and what went wrong on the line: frames
damaged and sent again, bytes the kernel had no room for, how often it was unplugged."""
EXAMPLES = """\
  edge link                            one line for each
  edge link -m                         again every second, until Ctrl-C
  edge link --json | jq 'select(.medium == "serial") | .damaged'
"""

_HEADERS = ("LINK", "STATE", "ROUND TRIP", "FRAME", "CARRIES", "ON THE LINE", "PEER")
_LIVE_MS = 1000
_CLEAR = "\x1b[H\x1b[2J"  # each round begins at the top of an empty screen


def add_arguments(parser) -> None:
    parser.add_argument("-m", "--monitor", action="store_true", help="go on, once a second")


def run(options, screen: Screen) -> int:
    rows: list[tuple] = []
    is_live = options.monitor and screen.is_terminal

    def show(event: dict) -> None:
        if screen.as_json:
            screen.result(event)
        elif event["event"] == "link":
            rows.append(_row(event))
        else:
            if is_live:
                sys.stdout.write(_CLEAR)
            screen.table(_HEADERS, rows)
            if not rows:
                screen.notice("no links yet: 'edge run --serial PORT' is for a cable")
            rows.clear()

    request: dict = {"do": "link", "follow": options.monitor}
    if options.monitor:
        request["interval_ms"] = _LIVE_MS
    session.ask_running(options, request, show)
    return EXIT_OK


def _row(event: dict) -> tuple:
    peer = event["peer_id"] or event.get("error") or "-"
    if event["medium"] != "serial":
        return event["address"], event["state"], "-", "-", "-", "-", peer
    round_trip = "-" if event["rtt_ms"] is None else duration(event["rtt_ms"])
    frame = f"{event['frame_bytes']} B" if event["frame_bytes"] else "-"
    carries = f"{_rate(event['goodput_in'])} in, {_rate(event['goodput_out'])} out"
    return event["address"], event["state"], round_trip, frame, carries, _faults(event), peer


def _rate(bytes_per_s: int) -> str:
    if bytes_per_s < 1000:
        return f"{bytes_per_s} B/s"
    return (
        f"{bytes_per_s / 1000:.1f} kB/s" if bytes_per_s < 1e6 else f"{bytes_per_s / 1e6:.1f} MB/s"
    )


def _faults(event: dict) -> str:
    """What went wrong, the kernel's part only where it tells."""
    parts = [f"{event['damaged']} damaged", f"{event['resent']} resent"]
    if event["overruns"] is not None:
        parts.append(counted(event["overruns"], "overrun"))
    if event["replugs"]:
        parts.append(counted(event["replugs"], "replug"))
    return ", ".join(parts)
