"""Whole swarms on one bus of ptys: Noise, yamux, identify, ping, streams between any two."""

import random
import time
from pathlib import Path

import pytest

from edge.errors import EdgeError
from edge.swarm.dialing.cables import Cables
from edge.system import aio
from tests.transports.bus.wire_cpython import Wire
from tests.transports.serial.nodes_cpython import ECHO, SINK, End, until
from transports.bus.roster import SILENT_MS_MAX

BAUD = 460800


class Bus:
    """``count`` swarms on one bus, all of which listen."""

    def __init__(self, folder: Path, count: int, is_listening: bool = True) -> None:
        self.wire = Wire(folder, count, BAUD)
        self.ends = [
            End(port, 10 + number, "~{}~bus".format(BAUD))
            for number, port in enumerate(self.wire.ports)
        ]
        self.began = time.monotonic()
        self._is_listening = is_listening

    async def __aenter__(self) -> "Bus":
        self.wire.__enter__()
        self.began = time.monotonic()
        for end in self.ends if self._is_listening else ():
            await end.swarm.listen(end.address)
        return self

    async def __aexit__(self, *exception: object) -> None:
        for end in self.ends:
            await end.swarm.close()
        self.wire.__exit__()

    def alive(self) -> list[End]:
        return [end for end in self.ends if not end.swarm.closed]

    def masters(self) -> list[End]:
        return [end for end in self.alive() if end.cable.station.is_master]

    def is_formed(self, among: "list[End] | None" = None) -> bool:
        """Whether all know each other, and one is master."""
        known = among or self.alive()
        names = sorted(end.swarm.peer_id.to_bytes() for end in known)
        cores = [end.cable.station for end in known]
        if sum(core.is_master for core in cores) != 1:
            return False
        return all(core.address and sorted(core.names()) == names for core in cores)

    async def formed(self, among: "list[End] | None" = None, limit_ms: int = 30000) -> None:
        await until(lambda: self.is_formed(among), limit_ms)


async def checked(one: End, other: End, size: int) -> float:
    """Bytes a second of a stream from ``one`` to ``other`` and back, checked."""
    data = random.Random(size).randbytes(size)
    began = time.monotonic()
    stream = await one.swarm.new_stream(other.swarm.peer_id, (ECHO,))
    async with aio.Group() as group:
        group.spawn(stream.write(data))
        assert await stream.read_exactly(size) == data
        await group.join()
    await stream.close()
    return 2 * size / (time.monotonic() - began)


async def test_eight_swarms(tmp_path: Path):
    """Each finds the others by presence alone; master and node, node and node."""
    async with Bus(tmp_path, 8) as bus:
        await bus.formed()
        print("formed after {:.1f} s".format(time.monotonic() - bus.began))
        master = bus.masters()[0]
        nodes = [end for end in bus.ends if end is not master]
        told = master.cable.bus_status()
        limit = master.cable.station.pace.cycle_ms(7, 1)
        print("longest cycle {} ms, the limit of an idle one is {}".format(told.cycle_ms, limit))
        assert told.nodes and told.is_master and not told.is_kernel_driven
        for one, other in ((nodes[0], master), (master, nodes[1]), (nodes[2], nodes[3])):
            await one.swarm.dial(one.to(other))
            times = sorted(await one.ping.ping(other.swarm.peer_id, 3))
            rate = await checked(one, other, 8000)
            print("ping {:.0f} ms, {:.0f} B/s both ways".format(times[1], rate))
        # By its peer id alone: the bus tells where it is.
        assert await nodes[5].ping.ping(nodes[6].swarm.peer_id)
        connection = nodes[5].swarm.connections(nodes[6].swarm.peer_id)[0]
        await until(lambda: connection.identified)
        assert connection.identified.listen_addresses == ()  # it is told to nobody
        assert SINK in connection.identified.protocols
        assert len(bus.masters()) == 1


async def test_a_master_that_dies_a_node_that_leaves_and_one_that_comes(tmp_path: Path):
    async with Bus(tmp_path, 4) as bus:
        await bus.formed()
        master = bus.masters()[0]
        nodes = [end for end in bus.ends if end is not master]
        connection = await nodes[0].swarm.dial(nodes[0].to(nodes[1]))
        await until(nodes[1].swarm.connections)
        bus.wire.say("cut {} 1".format(bus.ends.index(master)))
        began = time.monotonic()
        await until(lambda: bus.is_formed(nodes), 20000)
        print("taken over after {:.1f} s".format(time.monotonic() - began))
        assert not connection.closed, connection.error
        assert await nodes[1].ping.ping(nodes[0].swarm.peer_id)  # the same connection, still
        bus.wire.say("cut {} 0".format(bus.ends.index(master)))
        await bus.formed()
        gone = nodes[2]
        await gone.swarm.close()
        await until(gone.cable.is_idle)
        began = time.monotonic()
        await bus.formed()
        print("left after {:.1f} s".format(time.monotonic() - began))
        bus.ends[bus.ends.index(gone)] = again = End(
            bus.wire.ports[bus.ends.index(gone)], 77, "~{}~bus".format(BAUD)
        )
        await again.swarm.listen(again.address)
        await bus.formed()
        assert await again.ping.ping(nodes[0].swarm.peer_id)


async def test_a_babbler_is_seen_and_outlived(tmp_path: Path):
    async with Bus(tmp_path, 3) as bus:
        await bus.formed()
        master = bus.masters()[0]
        nodes = [end for end in bus.ends if end is not master]
        connection = await nodes[0].swarm.dial(nodes[0].to(nodes[1]))
        await nodes[0].ping.ping(nodes[1].swarm.peer_id)
        bus.wire.say("babble 1")
        station = master.cable.station
        await until(lambda: station.babbled, 10000)
        bus.wire.say("babble 0")
        assert await nodes[0].ping.ping(nodes[1].swarm.peer_id)
        await until(lambda: "babbled for" in master.status.error)
        assert not connection.closed


async def test_both_dial_at_once(tmp_path: Path):
    async with Bus(tmp_path, 2) as bus, aio.Group(lambda error: None) as group:
        await bus.formed()
        one, other = bus.ends
        group.spawn(one.swarm.dial(one.to(other)))
        group.spawn(other.swarm.dial(other.to(one)))
        await until(lambda: one.swarm.connections() and other.swarm.connections())
        await group.join()
        assert await one.ping.ping(other.swarm.peer_id)
        assert len(one.swarm.connections()) == len(other.swarm.connections()) == 1


async def test_errors_and_echo(tmp_path: Path):
    async with Bus(tmp_path, 3) as bus:
        bus.wire.say("echo 1")
        await bus.formed()
        bus.wire.say("errors 3000")
        await bus.ends[0].swarm.dial(bus.ends[0].to(bus.ends[1]))
        await checked(bus.ends[0], bus.ends[1], 8000)
        await checked(bus.ends[1], bus.ends[0], 8000)


async def test_who_is_not_there_or_does_not_listen(tmp_path: Path):
    async with Bus(tmp_path, 2) as bus:
        await bus.formed()
        one, other = bus.ends
        with pytest.raises(EdgeError, match="that is this node"):
            await one.swarm.dial(one.to(one))
        other.cable.inbound = None
        other.cable._dials += 1  # it stays on the bus
        with pytest.raises(EdgeError, match="nobody listens there"):
            await one.swarm.dial(one.to(other))


async def test_without_a_peer_id_it_is_the_master(tmp_path: Path):
    async with Bus(tmp_path, 3) as bus:
        await bus.formed()
        master = bus.masters()[0]
        node = next(end for end in bus.ends if end is not master)
        connection = await node.swarm.dial(node.address)
        assert connection.remote_peer == master.swarm.peer_id


async def test_all_who_keep_a_bus_are_connected_to_its_master(tmp_path: Path):
    """As a node does with the ports in its configuration."""
    async with Bus(tmp_path, 3, is_listening=False) as bus, aio.Group() as group:
        for end in bus.ends:
            kept = Cables(end.swarm, 2000)
            group.spawn(kept.run())
            await kept.keep(end.address)
        await bus.formed()
        master = bus.masters()[0]
        await until(lambda: len(master.swarm.connections()) == 2, 20000)
        nodes = [end for end in bus.ends if end is not master]
        assert await nodes[0].ping.ping(nodes[1].swarm.peer_id)
        await group.cancel()


async def test_a_connection_that_is_closed_frees_its_place(tmp_path: Path):
    async with Bus(tmp_path, 2) as bus:
        await bus.formed()
        one, other = bus.ends
        for _ in range(4):
            connection = await one.swarm.dial(one.to(other))
            assert await one.ping.ping(other.swarm.peer_id)
            await connection.close()
            await until(lambda: not one.swarm.connections() and not other.swarm.connections())
        await until(lambda: not one.cable._berths and not other.cable._berths)
        await until(lambda: not one.cable.station._pairs, SILENT_MS_MAX)
