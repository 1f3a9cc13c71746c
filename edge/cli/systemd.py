"""sd_notify by hand: tells the service manager that the node is ready, alive, or stopping.

One datagram of NAME=value lines to the socket named by NOTIFY_SOCKET; nothing if there is none.
"""

import os
import socket


def notify(state: str) -> bool:
    """Send ``state``, such as ``READY=1``; False if no service manager listens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            sender.settimeout(1)
            sender.sendto(state.encode(), address)
    except OSError:
        return False
    return True


def watchdog_ms() -> int | None:
    """How often to say ``WATCHDOG=1``: half of what the service manager waits; None for never."""
    limit_us = os.environ.get("WATCHDOG_USEC", "")
    pid = os.environ.get("WATCHDOG_PID", "")
    if not limit_us.isdigit() or (pid and pid != str(os.getpid())):
        return None
    return max(1, int(limit_us) // 2000)
