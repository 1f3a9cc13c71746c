"""What a /serial address says: which port, how fast, whether with flow control.

/serial/usb-FTDI_FT232R_USB_UART_A10K4XYZ-if00-port0    by its name that stays (by-id)
/serial/ttyUSB0~921600~rtscts                           by its name of today
/serial/%2Fdev%2Fpts%2F3~0                              by its path; no rate: it takes what it can
/serial/ttyAMA0~115200-921600                           begins at 115200, agrees on more
/serial/ttyAMA0~115200~bus                              many nodes on one pair of wires (RS-485)
"""

from collections import namedtuple

from edge.errors import LocalError, printable

BAUD = 115200  # unless the address says otherwise
BAUD_MAX = 10000000
RTSCTS = "rtscts"
BUS = "bus"
_WORDS = (RTSCTS, BUS)

Settings = namedtuple("Settings", ("port", "baud", "baud_max", "rtscts", "bus"))


def parse(address) -> Settings:
    """The Settings in ``address``.  LocalError if it is not for a serial port."""
    value = address.raw("serial")
    try:
        words = value.decode().split("~")
    except (AttributeError, ValueError):
        raise LocalError("expected /serial/<port>, not {}".format(address))
    low = high = BAUD
    said = []
    while len(words) > 1 and (words[-1] in _WORDS or _rates(words[-1])):
        word = words.pop()
        said.append(word)
        low, high = _rates(word) or (low, high)
    port = "~".join(words)
    rtscts, bus = RTSCTS in said, BUS in said
    if bus and (low != high or not low or rtscts):
        raise LocalError("expected one rate and no flow control of the bus {}".format(address))
    if not port or not _is_sane(low, high):
        raise LocalError("expected a port and rates in rising order in {}".format(address))
    return Settings(port, low, high, rtscts, bus)


def _rates(word: str) -> "tuple[int, int] | None":
    """Of ``9600`` or ``9600-115200``."""
    low, dash, high = word.partition("-")
    if not low.isdigit() or dash and not high.isdigit():
        return None
    return int(low[:9]), int((high or low)[:9])


def _is_sane(low: int, high: int) -> bool:
    return low == high == 0 or 300 <= low <= high <= BAUD_MAX


def to_value(port: str) -> str:
    """``port`` as it stands in an address: percent-encoded."""
    from edge.wire.multiaddr_values import to_text

    if not port:
        raise LocalError("expected a port, not {}".format(printable(port)))
    return to_text("%", port.encode())
