"""Parts of a node that other distributions bring, by Python entry points."""

from edge.cli import UsageError
from edge.config import nearest
from edge.errors import EdgeError, LocalError, printable

OPTIONS = {"routing": "routing", "record store": "records"}  # of edge run


def find(what: str, group: str, name: str, built_in: list[str]):
    """The entry point ``name`` of ``group``; UsageError names the nearest if there is none.

    ``what``: that it is to be, such as a routing; ``built_in``: the others of its kind.
    """
    from importlib import metadata

    found = {point.name: point for point in metadata.entry_points(group=group)}
    if name not in found:
        near = nearest(name, [*built_in, *found])
        raise UsageError(
            f"there is no {what} {printable(name)}; did you mean {near}?\n"
            f"built in are {', '.join(built_in)}\n"
            f"another one is an installed Python package with an entry point of the group "
            f"{group}, named as here"
        )
    return found[name]


def load(what: str, point, node):
    """What ``point`` makes for ``node``; LocalError says which one it was that failed."""
    try:
        return point.load()(point.name, node)
    except EdgeError:
        raise
    except Exception as error:  # it may fail in any way it likes
        kind = type(error).__name__
        raise LocalError(
            f"the {what} {point.name} does not start: {kind}: {printable(error, 200)}\n"
            f"it is {point.value}; leave it out with --{OPTIONS[what]}, or in the configuration"
        ) from None
