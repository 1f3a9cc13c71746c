"""What touches the world.  A table of transports by the multiaddr protocol that names them."""

MODULES = {  # multiaddr protocol -> module with a class Transport; loaded when first named
    "tcp": "transports.tcp",
    "memory": "transports.memory",
    "serial": "transports.serial.transport",
}


def open_transport(protocol: str):
    """A new transport for addresses with ``protocol``.  KeyError if there is none."""
    return __import__(MODULES[protocol], None, None, ("Transport",)).Transport()
