"""The service over a made-up link keeps the contract, and does what the agent cannot show."""

from edge.mdns import open_discovery
from edge.mdns.service import Service
from tests import kit
from tests.contract import mdns, mdns_probes
from tests.edge.mdns.cable import Datagrams, Link


async def test_contract():
    await mdns.check(Link())


async def test_contract_of_probes():
    await mdns_probes.check(Link())


async def test_the_door_opens_by_name():
    door = open_discovery("agent", mdns.peer_id(1), Datagrams(Link()))
    assert isinstance(door, Service)
    kit.raises(KeyError, open_discovery, "nothing", b"", None)


if __name__ == "__main__":
    kit.run(globals())
