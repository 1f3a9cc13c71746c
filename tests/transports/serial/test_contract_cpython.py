"""The transport contract over a clean line."""

from pathlib import Path

import pytest

from edge.wire.multiaddr import Multiaddr
from tests.contract import transport as contract
from tests.transports.serial.wire_cpython import Wire
from transports.serial import cable
from transports.serial.address import to_value
from transports.serial.transport import Transport


def address(port: Path, parameters: str = "") -> Multiaddr:
    return Multiaddr("/serial/" + to_value(str(port)) + parameters)


class BothEnds(Transport):
    """Listens at one end of the cable and dials at the other."""

    def __init__(self, here: Multiaddr, *ports) -> None:
        super().__init__(*ports)
        self._here = here
        self._there = Transport(*ports)

    async def listen(self, address: Multiaddr):
        listener = await self._there.listen(address)
        listener.addresses = lambda: [self._here]  # type: ignore[method-assign]
        return listener


@pytest.mark.parametrize("parameters", ["~921600", "~0"])
async def test_contract(tmp_path: Path, monkeypatch, parameters: str):
    monkeypatch.setattr(cable, "DIAL_TIMEOUT_MS", 800)
    with Wire(tmp_path, is_paced=parameters != "~0") as wire:
        both = BothEnds(address(wire.a.link, parameters))
        await contract.check(both, address(wire.b.link, parameters))
