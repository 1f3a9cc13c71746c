"""What a serial port's settings and its rates do with anything they are told."""

from edge.wire.multiaddr import Multiaddr
from transports.serial import address
from transports.serial.ladder import Ladder

TURNS_MAX = 3  # that a ladder may want without time passing
LOWEST = 9600


def serial_address(data: bytes) -> None:
    """An address is refused or has a port and rates in order."""
    said = Multiaddr("/serial/" + data.decode("utf-8", "replace"))
    settings = address.parse(said)
    assert settings.port and settings.baud <= settings.baud_max
    again = Multiaddr("/serial/" + address.to_value(settings.port) + "~0")
    assert address.parse(again).port == settings.port or "~" in settings.port


def serial_ladder(data: bytes) -> None:
    """Whatever a peer offers and the line does, the rate is one of ours, and the ladder neither
    spins nor stays high where nothing is heard."""
    size = data[0] if data else 0
    ladder = Ladder(LOWEST, 460800)
    known = [LOWEST, *ladder._own]
    now = frames = damaged = 0
    ladder.agree(data[1 : 1 + size], now)
    for act in data[1 + size :]:
        argument = act >> 3
        if act & 7 == 0:
            frames += argument
        elif act & 7 == 1:
            damaged += argument
        elif act & 7 == 2:
            ladder.come_back(now)
        elif act & 7 == 3 and not argument:
            ladder.restart(now)
            frames = damaged = 0
        else:
            now += argument * 20
        ladder.count(frames, damaged, now)
        turns = 0
        while ladder.handle_deadline(now):
            turns += 1
            assert turns < TURNS_MAX and ladder.rate in known
    _comes_down(ladder, now)


def _comes_down(ladder: Ladder, now: int) -> None:
    for _ in range(200):
        due = ladder.deadline()
        if due is None:
            break
        now = max(now, due)
        ladder.handle_deadline(now)
    assert ladder.rate == LOWEST and ladder.deadline() is None


TARGETS = {"serial_address": serial_address, "serial_ladder": serial_ladder}
