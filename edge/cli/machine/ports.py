"""Serial ports as people name them."""

import os

from edge.cli import UsageError
from transports.serial.address import parse, to_value
from transports.serial.names_posix import BY_ID, DEVICES

PORT_FORMS = """\
a port is /dev/ttyUSB0, its name in /dev/serial/by-id (which stays), or /serial/<port>, each with
~<baud>, ~<lowest>-<highest baud> and ~rtscts behind it as needed; 'edge serial ls' lists them"""


def to_address(text: str, peer: str = "") -> str:
    """The /serial address of the port that ``text`` names; UsageError if it can be none.

    ``peer``: the id of the only peer that is to be there, unless ``text`` has one.
    """
    from edge.errors import EdgeError
    from edge.wire.multiaddr import Multiaddr

    try:
        port, _, told = str(text).partition("/p2p/")
        tail = f"/p2p/{told or peer}" if told or peer else ""
        address = Multiaddr((port if port.startswith("/serial/") else _of_path(port)) + tail)
        parse(address)
    except EdgeError as error:
        raise UsageError(f"{error}\n{PORT_FORMS}") from None
    return str(address)


def _of_path(port: str) -> str:
    """By its name where it has one: that is found again when it has another path."""
    folder, name = os.path.split(port)
    if folder in ("", DEVICES, BY_ID):
        return "/serial/" + to_value(name)
    return "/serial/" + to_value(os.path.abspath(port))
