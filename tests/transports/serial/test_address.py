"""What a /serial address says."""

from edge.errors import LocalError
from edge.wire.multiaddr import Multiaddr
from tests import kit
from transports.serial.address import Settings, parse, to_value

GOOD = (
    ("ttyUSB0", Settings("ttyUSB0", 115200, 115200, False, False)),
    ("%2Fdev%2Fpts%2F3~0", Settings("/dev/pts/3", 0, 0, False, False)),
    ("ttyUSB0~9600", Settings("ttyUSB0", 9600, 9600, False, False)),
    ("ttyAMA0~bus", Settings("ttyAMA0", 115200, 115200, False, True)),
    ("ttyAMA0~921600~bus", Settings("ttyAMA0", 921600, 921600, False, True)),
    ("ttyUSB0~rtscts", Settings("ttyUSB0", 115200, 115200, True, False)),
    ("ttyUSB0~921600~rtscts", Settings("ttyUSB0", 921600, 921600, True, False)),
    ("usb-A_B~C-if00~115200-921600", Settings("usb-A_B~C-if00", 115200, 921600, False, False)),
    ("COM7", Settings("COM7", 115200, 115200, False, False)),
)
BAD = ("~9600", "ttyUSB0~12", "ttyUSB0~9600-300", "ttyUSB0~99999999999", "x~0-9600", "%FF")
BAD += ("ttyAMA0~0~bus", "ttyAMA0~9600-115200~bus", "ttyAMA0~rtscts~bus")


def test_ports_and_parameters():
    for text, settings in GOOD:
        assert parse(Multiaddr("/serial/" + text)) == settings, text


def test_nonsense():
    for text in BAD:
        kit.raises(LocalError, parse, Multiaddr("/serial/" + text))
    kit.raises(LocalError, parse, Multiaddr("/memory/1"))
    kit.raises(LocalError, to_value, "")


def test_paths_there_and_back():
    for port in ("/dev/ttyUSB0", "a b%c", "usb-1a86_USB_Serial-if00-port0"):
        assert parse(Multiaddr("/serial/" + to_value(port))).port == port


def test_it_is_told_to_nobody():
    assert not Multiaddr("/serial/ttyUSB0").is_shareable


if __name__ == "__main__":
    kit.run(globals())
