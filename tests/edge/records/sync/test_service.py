"""When nodes meet: on connecting, now and again, not with liars, not all at once."""

from edge.errors import EdgeError, LinkError, LocalError
from edge.records.sync import PROTOCOL, meeting, message, service
from edge.records.sync.service import SyncService
from edge.system import aio
from edge.wire import varint
from tests import kit
from tests.contract.judges import key_of, record
from tests.edge.records.sync.hosts import Hosts
from tests.edge.swarm.node import address_of, until


async def test_peers_that_connect_end_with_the_best_of_both() -> None:
    async with Hosts() as net:
        one, other = await net.two()
        await one.fill(["a", "b", "c"])
        await other.fill(["b", "d"], 2)
        await one.swarm.dial(address_of(other.swarm))
        await until(lambda: one.sync.status()["meetings"] and other.sync.status()["meetings"])
        assert await one.records() == await other.records()
        assert len(await one.records()) == 4
        assert await one.store.get(key_of("b")) == record(2, "b")
        await until(lambda: other.sync.status()["peers"] == 0)  # it was dialed
        assert one.sync.status()["peers"] == 1


async def test_meetings_are_held_again_while_connected() -> None:
    async with Hosts() as net:
        one, other = await net.two()
        one.sync._interval_ms = 50
        await one.swarm.dial(address_of(other.swarm))
        await until(lambda: other.sync.status()["meetings"] >= 1)
        await other.fill(["later"])
        await until(lambda: one.store.status()["records"] == 1)
        await one.swarm.close_peer(other.swarm.peer_id)
        await until(lambda: not one.sync.status()["peers"])


async def test_a_change_is_told_soon_from_either_end() -> None:
    async with Hosts() as net:
        one, other = await net.two()
        await one.swarm.dial(address_of(other.swarm))
        await until(lambda: one.sync.status()["meetings"] and other.sync.status()["meetings"])
        await other.fill(["b"])
        await until(lambda: one.store.status()["records"] == 1)
        await one.fill(["a"])
        await until(lambda: other.store.status()["records"] == 2)
        await until(lambda: other.sync.status()["peers"] == 0)  # it was dialed
        assert one.sync.status()["peers"] == 1


async def test_who_breaks_the_protocol_is_shunned_and_nothing_is_lost() -> None:
    async with Hosts() as net:
        one, other = await net.two()
        await one.fill(["a", "b"])
        before = await one.records()
        hello = varint.frame(message.encode_hello([b"/edge/"], 4096))
        fake = message.encode_entry(message.Entry(key_of("a"), b"no record", False))
        for said in (b"\xff" * 20, varint.frame(b"\x08\x01"), hello + hello,
                     hello, hello + varint.frame(fake)):  # fmt: skip
            one.sync._shunned = {}
            stream = await other.swarm.new_stream(address_of(one.swarm), (PROTOCOL,))
            await stream.write(said)
            if said == hello:
                await stream.read()
                await stream.write(varint.frame(fake))
            try:
                while await stream.read():
                    pass
            except LinkError:
                pass
            await until(lambda: one.sync.status()["shunned"] == 1)
            await kit.raises_async(EdgeError, other.sync.meet(one.swarm.peer_id))
        assert await one.records() == before


async def test_peers_that_were_connected_before_are_met_too() -> None:
    async with Hosts() as net:
        one, other = await net.two()
        await one.sync.stop()
        await one.swarm.dial(address_of(other.swarm))
        await until(lambda: one.swarm.connections()[0].known)
        one.sync = SyncService(one.swarm, one.store, one.judge)
        one.sync.start()
        assert one.sync.status()["peers"] == 1 and other.sync.status()["peers"] == 0


async def test_a_meeting_that_takes_its_time_ends_when_others_wait() -> None:
    async with Hosts() as net:
        one, other = await net.two()
        stream = await other.swarm.new_stream(address_of(one.swarm), (PROTOCOL,))
        await until(lambda: len(one.sync._joined) == 1)
        while len(one.sync._joined) <= service.MEETINGS_MAX:
            one.sync._joined.append(Busy())
        share, meeting.SHARE_MS = meeting.SHARE_MS, -1
        await stream.write(varint.frame(message.encode_hello([b"/edge/"], 4096)))
        await kit.raises_async(LinkError, stream.read())
        meeting.SHARE_MS = share
        await until(lambda: one.sync.status()["failed"] == 1)
        assert one.sync.status()["shunned"] == 0


class Busy:
    """A stream of a meeting with somebody else."""

    remote_peer = None

    def __init__(self) -> None:
        self.connection = self


async def test_a_peer_has_one_meeting_at_once_and_others_wait_for_their_turn() -> None:
    async with Hosts() as net:
        one, other = await net.two()
        streams = []
        for _ in range(3):
            streams.append(await other.swarm.new_stream(address_of(one.swarm), (PROTOCOL,)))
        await kit.raises_async(LinkError, streams[2].read())
        for stream in streams:
            stream.reset()
        await until(lambda: not one.sync._joined)
        joined = one.sync._joined
        while len(joined) < service.MEETINGS_MAX:
            joined.append(Busy())
        waiting = aio.Group()
        waiting.spawn(other.sync.meet(one.swarm.peer_id))
        await until(lambda: len(joined) > service.MEETINGS_MAX)
        joined.pop(0)
        one.sync._left.fire()
        await waiting.join()
        assert not waiting.errors


def test_what_is_configured_has_bounds() -> None:
    for options in ({"follows": ()}, {"follows": [b"/x"] * 25}, {"interval_s": 1}):
        error = None
        try:
            SyncService(None, None, None, **options)
        except LocalError as caught:
            error = caught
        assert error, options


if __name__ == "__main__":
    kit.run(globals())
