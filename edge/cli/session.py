"""How a command gets something done: by the running node, or by one that lives just as long."""

from edge.cli import SUFFIX_LEAST, UsageError, control, lean
from edge.cli.data_dir import DataDir
from edge.cli.screen import Screen
from edge.errors import EdgeError, printable


def ask(options, screen: Screen, request: dict, on_event) -> None:
    """Have ``request`` carried out; ``on_event`` gets each result, errors are raised."""
    data = DataDir(options.data)
    if control.ask(data.control_path, request, on_event):
        return
    screen.progress("no node is running here: starting one for this command ...")
    lean.load()
    from edge.cli import open as composition

    composition.run_once(data, request, on_event)


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
