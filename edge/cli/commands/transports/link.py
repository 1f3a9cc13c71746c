"""`edge link`: how well each cable and connection does."""

import sys

from edge.cli import EXIT_OK, session
from edge.cli.screen import Screen, counted, duration

SUMMARY = """\
Show each link of the running node: its medium, who is at the other end, and of a cable its rate,
frame size, round trip, bytes a second of what is carried, and what went wrong on the line: frames
damaged and sent again, bytes the kernel had no room for, how often it was unplugged.
Of a bus one line has who leads, how many nodes there are, the longest cycle and what was disturbed
or dropped; then comes each node on it by its bus address: connected ("open"), not
connected ("there"), or connected and silent ("gone")."""
EXAMPLES = """\
  edge link                            one line for each
  edge link -m                         again every second, until Ctrl-C
  edge link --json | jq 'select(.medium == "serial") | .damaged'
"""

_HEADERS = ("LINK", "STATE", "ROUND TRIP", "FRAME", "CARRIES", "ON THE LINE", "PEER")
_LIVE_MS = 1000
_LAST = 256  # after all who are on a bus
_CLEAR = "\x1b[H\x1b[2J"  # each round begins at the top of an empty screen


def add_arguments(parser) -> None:
    parser.add_argument("-m", "--monitor", action="store_true", help="go on, once a second")


def run(options, screen: Screen) -> int:
    lines: list[str] = []
    rows: list[tuple] = []  # (what they are sorted by, the cells)
    is_live = options.monitor and screen.is_terminal

    def show(event: dict) -> None:
        if screen.as_json:
            screen.result(event)
        elif event["event"] == "bus":
            lines.append(_bus(event))
            others = [node for node in event["nodes"] if _is_other(node)]
            rows.extend([(_order(lines, node), _node(event, node)) for node in others])
        elif event["event"] == "link":
            rows.append((_order(lines, event), _row(event)))
        else:
            if is_live:
                sys.stdout.write(_CLEAR)
            for line in lines:
                screen.result(event, line)
            rows.sort(key=lambda one: one[0])
            screen.table(_HEADERS, [cells for _, cells in rows])
            if not rows and not lines:
                screen.notice("no links yet: 'edge run --serial PORT' is for a cable")
            lines.clear()
            rows.clear()

    request: dict = {"do": "link", "follow": options.monitor}
    if options.monitor:
        request["interval_ms"] = _LIVE_MS
    session.ask_running(options, request, show)
    return EXIT_OK


def _order(buses: list, event: dict) -> tuple:
    """As they come; the nodes of a bus by their addresses there."""
    return len(buses), event.get("bus_address") or _LAST


def _row(event: dict) -> tuple:
    peer = event["peer_id"] or event.get("error") or "-"
    name = event["address"]
    if event["medium"] == "bus":
        name = _place(event)
    if event.get("rtt_ms") is None and event["medium"] != "serial":
        return name, event["state"], "-", "-", "-", "-", peer
    round_trip = "-" if event["rtt_ms"] is None else duration(event["rtt_ms"])
    frame = f"{event['frame_bytes']} B" if event["frame_bytes"] else "-"
    carries = f"{_rate(event['goodput_in'])} in, {_rate(event['goodput_out'])} out"
    return name, event["state"], round_trip, frame, carries, _faults(event), peer


def _bus(event: dict) -> str:
    """How a bus does, in a line."""
    role = event["role"] or "not in use"
    parts = [event["state"], role]
    if event["role"]:
        if event["bus_address"]:
            parts[1] = f"{role} at bus address {event['bus_address']}"
        parts.append(counted(len(event["nodes"]), "node"))
        parts.append(f"longest cycle {duration(event['cycle_ms'])}")
        parts += [f"{event['damaged']} damaged", f"{event['dropped']} dropped"]
        parts.append(counted(event["babblers"], "babbler"))
    if event["overruns"]:
        parts.append(counted(event["overruns"], "overrun"))
    if event["replugs"]:
        parts.append(counted(event["replugs"], "replug"))
    if event["error"]:
        parts.append(event["error"])
    return f"{event['address']}  {', '.join(parts)}"


def _is_other(node: dict) -> bool:
    """Whether it is on the bus and no connection shows it."""
    return not node["is_here"] and not node["is_connected"]


def _node(bus: dict, node: dict) -> tuple:
    return _place({**bus, **node}), "there", "-", "-", "-", "-", node["name"]


def _place(event: dict) -> str:
    """Where on its bus a node is."""
    number = event["bus_address"] or "?"
    return f"{event['address']} {number}{' (master)' if event['is_master'] else ''}"


def _rate(bytes_per_s: int) -> str:
    if bytes_per_s < 1000:
        return f"{bytes_per_s} B/s"
    return (
        f"{bytes_per_s / 1000:.1f} kB/s" if bytes_per_s < 1e6 else f"{bytes_per_s / 1e6:.1f} MB/s"
    )


def _faults(event: dict) -> str:
    """What went wrong, the kernel's part only where it tells."""
    parts = [f"{event['resent']} resent"]
    if "damaged" in event:  # a bus is damaged for all of its sessions
        parts.insert(0, f"{event['damaged']} damaged")
    if event.get("overruns") is not None:
        parts.append(counted(event["overruns"], "overrun"))
    if event.get("replugs"):
        parts.append(counted(event["replugs"], "replug"))
    return ", ".join(parts)
