"""Ends at awkward moments: whoever waits is told, nothing stays behind."""

from edge.errors import LinkError, LocalError
from edge.identity.keys import PrivateKey
from edge.identity.peer_id import PeerId
from edge.identity.peer_info import PeerInfo
from edge.swarm import connection as pump
from edge.swarm.limits import Limits
from edge.swarm.stream_muxer.yamux import NORMAL
from edge.swarm.swarm import Swarm
from edge.system import MICROPYTHON, aio
from edge.wire.multiaddr import Multiaddr
from tests import kit
from tests.edge.swarm.node import Net, address_of, until
from transports import faulty, memory

SINK = "/test/sink/1.0.0"
BLOCK = bytes(128 if MICROPYTHON else 1024)
SIZE = 3 * len(BLOCK)
if MICROPYTHON:
    pump.UNREAD_BYTES_MAX = 1024  # both ends share this heap, and the tests


async def sink(stream):
    while await stream.read():
        pass


async def deaf(stream):
    await aio.sleep_ms(60000)


class Outcome:
    """What a coroutine that runs on the side came to."""

    def __init__(self, group, coroutine) -> None:
        self.error = None
        self.done = False
        group.spawn(self._follow(coroutine))

    async def _follow(self, coroutine) -> None:
        try:
            await coroutine
        except Exception as error:
            self.error = error
        self.done = True

    async def failed_with(self, kind) -> None:
        await until(lambda: self.done)
        assert isinstance(self.error, kind), self.error


async def fill(stream) -> None:
    while True:
        await stream.write(BLOCK)


async def test_a_dial_may_be_joined_while_it_runs():
    async with Net() as net:
        listener = await net.swarm(faults=faulty.Faults(seed=1, delay_ms=200))
        dialer = await net.swarm(listen=False)
        async with aio.Group() as group:
            first = Outcome(group, dialer.dial(address_of(listener)))
            await aio.sleep_ms(10)
            assert not first.done
            second = Outcome(group, dialer.dial(address_of(listener)))
            await until(lambda: first.done and second.done)
        assert first.error is None and second.error is None
        assert len(dialer.connections()) == 1


async def test_a_connection_that_closes_is_not_dialed_again():
    async with Net() as net:
        dialer, listener, connection = await net.pair()
        listener.set_stream_handler(SINK, sink)
        dialer.peer_store = None
        await connection.close()
        target = PeerInfo(listener.peer_id, listener.listen_addresses())
        again = await dialer.dial(target)
        assert again is not connection and not again.closed
        await (await again.new_stream((SINK,))).close()


async def test_who_has_said_go_away_is_dialed_anew():
    async with Net() as net:
        dialer, listener, connection = await net.pair()
        listener.set_stream_handler(SINK, sink)
        theirs = listener.connections()[0]
        theirs._muxer.go_away(NORMAL)
        theirs.push()
        await until(lambda: connection.leaving)
        again = await dialer.dial(PeerInfo(listener.peer_id, listener.listen_addresses()))
        assert again is not connection
        await (await dialer.new_stream(listener.peer_id, (SINK,))).close()


async def test_closing_a_stream_wakes_its_reader_and_its_writer():
    async with Net() as net, aio.Group() as group:
        dialer, listener, _ = await net.pair()
        listener.set_stream_handler(SINK, deaf)
        for expected in (LocalError, LinkError):
            stream = await dialer.new_stream(listener.peer_id, (SINK,))
            reader, writer = Outcome(group, stream.read()), Outcome(group, fill(stream))
            await aio.sleep_ms(50)
            if expected is LocalError:
                await stream.close()
            else:
                stream.reset()
            await reader.failed_with(LinkError)
            await writer.failed_with(expected)


async def test_half_closing_wakes_the_writer_only():
    async with Net() as net:
        dialer, listener, _ = await net.pair()
        listener.set_stream_handler(SINK, deaf)
        async with aio.Group() as group:
            stream = await dialer.new_stream(listener.peer_id, (SINK,))
            reader, writer = Outcome(group, stream.read()), Outcome(group, fill(stream))
            await aio.sleep_ms(50)
            await stream.close_write()
            await writer.failed_with(LocalError)
            assert not reader.done


async def connection_ends_under_a_writer(here: bool) -> None:
    async with Net() as net, aio.Group() as group:
        dialer, listener, connection = await net.pair()
        listener.set_stream_handler(SINK, deaf)
        stream = await dialer.new_stream(listener.peer_id, (SINK,))
        writer = Outcome(group, fill(stream))
        await aio.sleep_ms(50)
        await (connection if here else listener.connections()[0]).close()
        await writer.failed_with(LinkError)


async def test_a_writer_learns_that_its_connection_was_closed():
    await connection_ends_under_a_writer(True)


async def test_a_writer_learns_that_the_peer_closed_the_connection():
    await connection_ends_under_a_writer(False)


async def test_closing_while_reading_rests_ends_at_once():
    async with Net() as net:
        dialer, listener, _ = await net.pair()
        listener.set_stream_handler(SINK, deaf)
        stream = await dialer.new_stream(listener.peer_id, (SINK,))
        theirs = listener.connections()[0]
        theirs._unread = pump.UNREAD_BYTES_MAX + 1  # as if other streams were full
        await stream.write(BLOCK)
        await aio.sleep_ms(20)
        await theirs.close()
        await until(lambda: not listener.connections())


async def test_the_first_reason_of_an_end_stays():
    async with Net() as net:
        dialer, _, connection = await net.pair()
        await connection.close()
        await until(lambda: not dialer.connections())
        assert connection.error is None
        dialer, _, connection = await net.pair()
        for _ in range(3):
            connection.handle_deadline(connection.deadline())
            connection._muxer._heard = False
        await until(lambda: not dialer.connections())
        assert "no answer" in str(connection.error)


class Kept:
    """A connection at both ends, and a stream whose SIZE bytes the listener has not read."""

    async def __aenter__(self) -> "Kept":
        self.net = await Net().__aenter__()
        dialer, listener, self.ours = await self.net.pair()
        listener.set_stream_handler(SINK, self._keep)
        self.stream = await dialer.new_stream(listener.peer_id, (SINK,))
        await self.stream.write(BLOCK * 3)
        self.theirs = listener.connections()[0]
        await until(lambda: self.theirs._unread == SIZE)
        return self

    async def _keep(self, stream) -> None:
        self.kept = stream
        await aio.sleep_ms(60000)

    async def __aexit__(self, *exception) -> None:
        if not exception[0]:
            await until(lambda: self.theirs._unread == 0)
        await self.net.__aexit__(*exception)


async def test_what_was_read_is_not_counted_any_more():
    async with Kept() as case:
        await case.kept.read_exactly(SIZE)


async def test_what_a_closed_or_reset_stream_had_is_not_counted_any_more():
    async with Kept() as case:
        await case.kept.close()
    async with Kept() as case:
        case.kept.reset()
    async with Kept() as case:
        case.stream.reset()


async def test_many_who_are_not_read_share_what_there_is():
    """Nobody has more unread than one may, and yet all together fill no memory."""
    kept = pump.UNREAD_IN_ALL_BYTES_MAX, pump.UNREAD_SHARE_BYTES, pump.STALL_TIMEOUT_MS
    pump.UNREAD_IN_ALL_BYTES_MAX, pump.UNREAD_SHARE_BYTES, pump.STALL_TIMEOUT_MS = 500, 100, 20
    try:
        async with Net() as net, aio.Group() as group:
            listener = await net.swarm()
            listener.set_stream_handler(SINK, deaf)
            streams = []
            for _ in range(3):
                dialer = await net.swarm(listen=False)
                connection = await dialer.dial(address_of(listener))
                streams.append(await connection.new_stream((SINK,)))
            writers = [Outcome(group, fill(stream)) for stream in streams]
            most = 0
            while not [1 for writer in writers if writer.done]:  # the fullest one is given up
                await aio.sleep_ms(1)
                most = max(most, listener.unread)
            assert 100 < most <= 500 + 3 * (100 + memory.BUFFER_BYTES_MAX)
            for connection in listener.connections():
                await connection.close()
            await until(lambda: not listener.connections())
            assert listener.unread == 0
    finally:
        pump.UNREAD_IN_ALL_BYTES_MAX, pump.UNREAD_SHARE_BYTES, pump.STALL_TIMEOUT_MS = kept


async def test_what_an_ended_stream_still_has_is_counted():
    async with Kept() as case:
        await case.kept.close_write()
        await case.stream.close_write()
        await aio.sleep_ms(20)
        assert case.theirs._unread == SIZE
        assert case.kept in case.theirs.streams  # else nobody could be blamed for the bytes
        assert len(await case.kept.read_exactly(SIZE)) == SIZE
        assert case.kept not in case.theirs.streams


async def test_bytes_of_the_negotiation_are_given_back():
    async with Net() as net:
        dialer, listener, connection = await net.pair()
        listener.set_stream_handler(SINK, sink)
        stream = await dialer.new_stream(listener.peer_id, ("/no/1", "/no/2", SINK))
        flow = connection._muxer._flows[stream.id]
        theirs = listener.connections()[0]._muxer._flows[stream.id]
        assert flow.send_window + theirs.consumed == flow.window
        assert theirs.send_window + flow.consumed == flow.window


async def test_closing_while_strangers_wait_at_the_door():
    """Raw connections that nobody owns yet are closed with the swarm."""
    async with Net() as net:
        listener = await net.swarm(upgrades_max=1, stalled_ms=60000)
        address = listener.listen_addresses()[0]
        raws = []
        for _ in range(2):
            raws.append(await memory.Transport().dial(address))
        await aio.sleep_ms(20)
        raws.append(await memory.Transport().dial(address))  # and one not yet accepted
        await listener.close()
        for raw in raws:
            assert not len(await aio.wait_for_ms(raw.read(), 20000))


async def some_turns(count: int) -> None:
    for _ in range(count):
        await aio.sleep_ms(count % 3)


async def close_in_a_dial(net, turns: int, dialer_goes: bool) -> None:
    listener = await net.swarm(faults=faulty.Faults(seed=4, delay_ms=4))
    dialer = await net.swarm(listen=False, faults=faulty.Faults(seed=2, delay_ms=5))
    goes, stays = (dialer, listener) if dialer_goes else (listener, dialer)
    async with aio.Group() as group:
        dial = Outcome(group, dialer.dial(address_of(listener)))
        await some_turns(turns)
        await goes.close()
        await until(lambda: dial.done)
    assert not goes.connections() and not len(goes._group) and not goes._upgrades
    await until(lambda: not stays.connections() and not stays._upgrades)


async def test_closing_in_the_middle_of_a_dial():
    """At any moment: who waits for it is told, both ends are left with nothing."""
    for turns in range(12):
        for dialer_goes in (True, False):
            async with Net() as net:
                await close_in_a_dial(net, turns, dialer_goes)


async def test_closing_before_the_dial_has_begun():
    async with Net() as net:
        listener, dialer = await net.swarm(), await net.swarm(listen=False)
        async with aio.Group() as group:
            await aio.sleep_ms(0)

            async def close():
                await dialer.close()

            dial = Outcome(group, dialer.dial(address_of(listener)))
            group.spawn(close())
            await until(lambda: dial.done)
        await kit.raises_async(LinkError, dialer.dial(address_of(listener)))
        await aio.sleep_ms(20)
        assert not dialer.connections() and not len(dialer._group)


async def test_cancelled_in_the_middle_of_closing():
    async with Net() as net:
        dialer, listener, connection = await net.pair()
        async with aio.Group() as group:
            group.spawn(connection.close())
            await group.cancel()
        await connection.close()
        await until(lambda: not dialer.connections() and not listener.connections())


async def test_both_dial_at_the_same_moment_and_both_can_talk():
    async with Net() as net:
        one, two = await net.swarm(), await net.swarm()
        for swarm in (one, two):
            swarm.set_stream_handler(SINK, sink)
        async with aio.Group() as group:
            first = Outcome(group, one.dial(address_of(two)))
            second = Outcome(group, two.dial(address_of(one)))
            await until(lambda: first.done and second.done)
        await until(lambda: len(one.connections()) == len(two.connections()) == 2)
        for swarm, other in ((one, two), (two, one)):
            stream = await swarm.new_stream(other.peer_id, (SINK,))
            await stream.write(BLOCK)
            await stream.close()
        async with aio.Group() as group:  # each closes the one it dialed
            group.spawn(one.connections()[0].close())
            group.spawn(two.connections()[0].close())
            await group.join()
        target = PeerInfo(two.peer_id, two.listen_addresses())
        assert not (await one.dial(target)).closed


async def test_a_protocol_refused_on_a_stream_that_did_not_ask():
    """The peer is known to speak it, and does no more: reader and writer are told why."""
    async with Net() as net:
        dialer, listener, connection = await net.pair()
        connection.known = (SINK,)
        stream = await dialer.new_stream(listener.peer_id, (SINK,))
        async with aio.Group() as group:
            reader, writer = Outcome(group, stream.read()), Outcome(group, fill(stream))
            await until(lambda: reader.done and writer.done)
        assert "none of" in str(reader.error) and "none of" in str(writer.error)
        assert not connection.streams and not connection.closed
        unused = await dialer.new_stream(listener.peer_id, (SINK,))
        await unused.close()
        listener.set_stream_handler(SINK, sink)
        stream = await dialer.new_stream(listener.peer_id, (SINK,))
        await stream.write(BLOCK)
        await stream.close_write()
        assert await stream.read() == b""


async def test_a_stream_reset_while_it_is_negotiated():
    async with Net() as net:
        _, listener, connection = await net.pair()
        listener.connections()[0]._muxer._streams_max = 0
        await kit.raises_async(LinkError, connection.new_stream((SINK,)))
        assert not connection.streams


async def test_one_who_is_not_there_and_one_who_is_us():
    async with Net() as net:
        swarm = await net.swarm()
        await kit.raises_async(LocalError, swarm.dial(address_of(swarm)))
        await kit.raises_async(LinkError, swarm.dial(swarm.listen_addresses()[0]))
        other = PeerId(swarm.peer_id.to_bytes()[:-1] + b"\0")
        await kit.raises_async(LinkError, swarm.dial(PeerInfo(other, swarm.listen_addresses())))
        await until(lambda: not swarm.connections() and not swarm._upgrades)


async def test_a_swarm_that_never_listened_closes():
    swarm = Swarm(PrivateKey.generate(), [memory.Transport()], None, Limits())
    await swarm.close()
    await swarm.close()
    await kit.raises_async(LinkError, swarm.dial(Multiaddr("/memory/1")))


if __name__ == "__main__":
    kit.run(globals())
