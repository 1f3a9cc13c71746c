"""Where a serial port is now: it is called /dev/ttyUSB0 today and ttyUSB1 after it was unplugged.

The kernel gives names in the order in which ports appear.  The links in /dev/serial/by-id say
which adapter it is, by its maker and serial number, and stay (Linux; macOS has that in the name).
"""

import os

DEVICES = "/dev"
BY_ID = "/dev/serial/by-id"


class Name:
    """One port, whatever it is called."""

    def __init__(self, port: str, devices: str = DEVICES, by_id: str = BY_ID) -> None:
        """``port``: a path, a name in by-id, or a name in /dev."""
        self._port = port
        self._devices = devices
        self._by_id = by_id
        self._alias = ""  # in by-id, of a port that was named otherwise

    def path(self) -> str:
        """Where it should be now."""
        found = os.path.join(self._by_id, self._alias) if self._alias else ""
        if found:
            return found
        if os.path.isabs(self._port):
            return self._port
        named = os.path.join(self._by_id, self._port)
        if os.path.lexists(named):
            return named
        return os.path.join(self._devices, self._port)

    def is_there(self) -> bool:
        return os.path.exists(self.path())

    def remember(self) -> None:
        """It is open: look for the same adapter from now on, under any name."""
        if self._alias:
            return  # another adapter may have the device of today tomorrow
        real = os.path.realpath(self.path())
        for alias, target in aliases(self._by_id):
            if target == real:
                self._alias = alias
                return


def aliases(by_id: str = BY_ID) -> "list[tuple[str, str]]":
    """``(name that stays, path of today)`` of the ports that have one, sorted."""
    try:
        names = sorted(os.listdir(by_id))
    except OSError:
        return []
    return [(name, os.path.realpath(os.path.join(by_id, name))) for name in names]
