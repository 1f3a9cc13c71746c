"""How a command gets something done: by the running node, or by one that lives just as long."""

from edge.cli import (
    SEARCH_COUNT_MAX,
    SEARCH_TIMEOUT_MAX_S,
    SUFFIX_LEAST,
    UsageError,
    control,
    lean,
)
from edge.cli.data_dir import DataDir
from edge.cli.screen import Screen
from edge.errors import EdgeError, LocalError, printable


def ask(options, screen: Screen, request: dict, on_event) -> None:
    """Have ``request`` carried out; ``on_event`` gets each result, errors are raised."""
    data = DataDir(options.data)
    if control.ask(data.control_path, request, on_event):
        return
    screen.progress("no node is running here: starting one for this command ...")
    lean.load()
    from edge.cli.composition.once import run_once

    run_once(data, request, on_event)


def ask_running(options, request: dict, on_event) -> None:
    """Have the running node do ``request``; LocalError if there is none."""
    data = DataDir(options.data)
    if not control.ask(data.control_path, request, on_event):
        raise LocalError(
            f"no node is running on {data.path}\n"
            "start one with 'edge run' and ask again while it runs; --data names another directory"
        )


def add_search_options(parser, count: int) -> None:
    """What every search can be told."""
    parser.add_argument("-n", "--count", type=int, default=count,
                        help=f"how many at most (default: {count})")  # fmt: skip
    parser.add_argument("-t", "--timeout", type=float, default=20.0, metavar="SECONDS",
                        help="how long to search (default: 20)")  # fmt: skip
    parser.add_argument("--routing", metavar="NAME", help="ask this one alone, such as kad-lan; "
                        "'edge routing' lists them")  # fmt: skip


def search(options, request: dict) -> dict:
    """``request`` with what add_search_options added."""
    timeout_s = within("--timeout", options.timeout, 0, SEARCH_TIMEOUT_MAX_S)
    request["count"] = within("--count", options.count, 1, SEARCH_COUNT_MAX)
    request["timeout_ms"] = max(1, round(timeout_s * 1000))
    if options.routing is not None:
        request["routing"] = options.routing
    return request


def searching(screen: Screen, found: int) -> None:
    """Say that there may be more to come."""
    screen.progress(f"{found} found, still searching ..." if found else "searching ...")


def key(text: str) -> str:
    """``text`` if it can be a key; UsageError if not."""
    from edge.cli.actions import keys

    try:
        keys.parse(text)
    except LocalError as error:
        raise UsageError(str(error)) from None
    return text


def peer(text: str) -> str:
    """``text`` if it can name a peer; UsageError if nobody could be meant."""
    if text.startswith("/"):
        from edge.wire.multiaddr import Multiaddr

        try:
            Multiaddr(text)
        except EdgeError as error:
            raise UsageError(f"{error}\nan address looks like /ip4/192.0.2.1/tcp/4001") from None
    elif len(text) < SUFFIX_LEAST:
        raise UsageError(
            f"{printable(text)} names no peer: give its id, the last {SUFFIX_LEAST} or more letters"
            " of it, or its address\n'edge peers' lists those that are known"
        )
    return text


def within(name: str, value: float, least: int, most: int) -> float:
    """``value`` if it is that; UsageError if not."""
    if not least <= value <= most:  # "not a number" is within none
        raise UsageError(f"{name} must be from {least} to {most}")
    return value


def where(event: dict) -> str:
    """The first address of a result, and how many more there are."""
    addresses = event.get("addresses") or ["-"]
    more = f" and {len(addresses) - 1} more" if len(addresses) > 1 else ""
    return addresses[0] + more
