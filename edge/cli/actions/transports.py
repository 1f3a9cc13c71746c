"""What the media can be asked: how each link does, what a far board prints besides."""

import re

from edge.cli.actions import buses
from edge.cli.actions.request import number_of
from edge.cli.events import TEXT_MAX, show
from edge.errors import LocalError, printable
from edge.node import Node
from edge.system import aio, clock

INTERVAL_MS = 500  # over which bytes a second are counted
INTERVAL_MAX_MS = 60000
LOG_POLL_MS = 200
LINE_MAX = 1000  # characters of a console
_COLOURS = re.compile(rb"\x1b\[[0-9;?]*[ -/]*[@-~]")  # and whatever else moves a terminal
_NO_CABLE = (
    "this node has no cable\nstart it with 'edge run --serial PORT'; 'edge serial ls' lists them"
)


def cables(node: Node) -> list:
    """The cables of a node, in the order in which they came."""
    return [cable for transport in node.swarm.transports for cable in transport.cables()]


async def link(node: Node, request: dict, say) -> None:
    """Each cable, then each other connection; again and again if asked."""
    interval_ms = number_of(request, "interval_ms", INTERVAL_MS, 10, INTERVAL_MAX_MS)
    while True:
        before = {id(one): (one.status(), buses.sessions(one)) for one in cables(node)}
        began = clock.monotonic_ms()
        await aio.sleep_ms(interval_ms if before or request.get("follow") else 0)
        seconds = max(clock.monotonic_ms() - began, 1) / 1000
        count = 0
        for cable in cables(node):
            then, sessions = before.get(id(cable), (cable.status(), {}))
            line = _describe_port(cable.status())
            line.update(buses.rates(then, cable.status(), seconds))
            if cable.settings.bus:
                await say(buses.describe(node, cable, line))
                found = buses.links(node, cable, sessions, seconds)
                rows = [{**row, **_who(connection)} for connection, row in found]
            else:
                rows = [{**line, **_far_end(node, cable)}]
            for row in rows:
                await say(row)
            count += len(rows)
        known = [cable.address for cable in cables(node)]
        for connection in node.swarm.connections():
            if connection.remote_address not in known:
                await say(_describe_connection(connection))
                count += 1
        await say({"event": "listed", "links": count})
        if not request.get("follow"):
            return


def _describe_port(status) -> dict:
    return {
        "event": "link",
        "medium": "serial",
        "address": show(status.address),
        "state": status.state,
        "peer_id": None,
        **_numbers(status),
        "error": printable(status.error, TEXT_MAX) or None,
    }


def _far_end(node: Node, cable) -> dict:
    found = buses.connections(node, cable)
    return _who(found[-1]) if found else {}


def _numbers(status) -> dict:
    names = ("baud", "frame_bytes", "received", "sent", "frames", "damaged", "resent", "overruns",
             "replugs", "sessions", "delivered", "taken")  # fmt: skip
    is_open = status.state == "open"
    return {
        "rtt_ms": round(status.round_trip_ms, 1) if is_open else None,
        **{name: getattr(status, name) for name in names},
    }


def _who(connection) -> dict:
    return {
        "peer_id": str(connection.remote_peer),
        "direction": connection.direction,
        "since_ms": clock.monotonic_ms() - connection.opened_ms,
        "streams": len(connection.streams),
    }


def _describe_connection(connection) -> dict:
    """One of which only the ends are known: the kernel looks after the rest."""
    address = connection.remote_address
    medium = address.components[-1][0] if address else "unknown"
    return {
        "event": "link",
        "medium": medium,
        "address": show(address),
        "state": "open",
        **_who(connection),
    }


async def log(node: Node, request: dict, say) -> None:
    """What the far boards printed, line by line; then, if asked, what they go on to print."""
    chosen = [cable for cable in cables(node) if _is_meant(cable, request.get("port"))]
    if not chosen:
        raise LocalError(_NO_CABLE if not cables(node) else _unknown_port(node, request))
    consoles = [_Console(cable) for cable in chosen]
    while True:
        for console in consoles:
            for text in console.lines(not request.get("follow")):
                await say({"event": "console", "address": show(console.cable.address),
                           "text": text})  # fmt: skip
        if not request.get("follow"):
            return
        await aio.sleep_ms(LOG_POLL_MS)


def _is_meant(cable, port) -> bool:
    """Whether ``port`` names it: by its address, or the end of its name."""
    name = str(cable.address)
    return not port or name == port or cable.settings.port.endswith(str(port).split("/")[-1])


def _unknown_port(node: Node, request: dict) -> str:
    known = ", ".join([show(cable.address) for cable in cables(node)])
    return f"this node has no cable at {printable(request.get('port'))}\nit has {known}"


class _Console:
    """The console of one cable, as far as it was read."""

    def __init__(self, cable) -> None:
        self.cable = cable
        self._read = cable.console_bytes - len(cable.console)
        self._rest = b""

    def lines(self, is_last: bool) -> list[str]:
        """Those that are new and whole; what is not whole, too, when nothing follows it."""
        fresh = self.cable.console_bytes - self._read
        self._read = self.cable.console_bytes
        said = self.cable.console[-fresh:] if fresh else b""
        *whole, rest = (self._rest + said).replace(b"\r", b"\n").split(b"\n")
        self._rest = rest[-LINE_MAX:]
        if self._rest and (is_last or not fresh):
            whole.append(self._rest)
            self._rest = b""
        return [harmless(line) for line in whole if line]


def harmless(line: bytes) -> str:
    """What a board prints, without what could do something to a terminal."""
    return printable(_COLOURS.sub(b"", line).decode("utf-8", "replace"), LINE_MAX)
