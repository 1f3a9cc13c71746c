"""Whatever is done to two ends, they talk again soon, and nothing wrong was delivered."""

from edge.system import MICROPYTHON
from tests import kit
from tests.transports.link import adversary
from tests.transports.link.adversary import RATE, Talk, ordeal
from transports.link import frames, message, session

SEEDS = 6 if MICROPYTHON else 300
# Positions in the stream at which a number that is sent, or kept, begins again.
STARTS = (0, 65000, 0xFFFFFE00, 0xFFFFFFFFFE00)


def test_a_script_of_everything():
    """Waiting, drops, cuts, replays, garbage, reboots, unplugs, jumps of the clock, hellos and
    frames of a liar."""
    for seed in range(SEEDS):
        size = 40 + seed % 5 * 30
        start = STARTS[seed % 4]
        ordeal(kit.Rng(seed + 1).bytes(size), (RATE, 0, 92160, 960)[seed % 17 % 4], start)


def _conversation(talk: Talk) -> list:
    """A short one; the times at which something was said."""
    for end in talk.ends:
        end.wants = 2500
    times: list = []
    while talk.now < 500:
        if talk.turn():
            times.append(talk.now)
        else:
            talk.now = talk.next_time()
    return times


def _times() -> list:
    """Each moment at which a frame is said or has arrived, and the one before it."""
    times = _conversation(Talk())
    assert len(times) >= 8
    return sorted(set(times + [time - 1 for time in times if time]))


def _disturbed(at: int, disturb) -> int:
    talk = Talk()
    for end in talk.ends:
        end.wants = 2500
    talk.run(at)
    disturb(talk)
    return talk.calm(1000)


def test_a_reboot_of_either_end_or_both_at_every_frame():
    for at in _times()[:: 8 if MICROPYTHON else 1]:
        for sides in ((0,), (1,), (0, 1), (0, 0, 0), (1, 0, 1)):
            _disturbed(at, lambda talk, s=sides: [talk.reboot(side) for side in s])


def test_two_reboots_any_two_frames_apart():
    for at in _times()[:: 16 if MICROPYTHON else 2]:
        for gap in range(1, 120, 60 if MICROPYTHON else 9):
            for first in (0, 1):

                def twice(talk: Talk, first=first, gap=gap) -> None:
                    talk.reboot(first)
                    talk.run(gap)
                    talk.reboot(1 - first)

                _disturbed(at, twice)


def test_a_port_that_goes_at_every_millisecond_and_returns():
    """What was on the line then is lost, at every byte of a frame."""
    for at in range(1, 150, 30 if MICROPYTHON else 1):
        for side in (0, 1):

            def pulled(talk: Talk, side=side, at=at) -> None:
                talk.unplug(side)
                talk.run(at * 7 % 90)
                talk.plug(side)

            _disturbed(at, pulled)


def test_every_frame_cut_at_every_byte():
    count = len(_times())
    for number in range(0, count, 8 if MICROPYTHON else 1):
        for size in range(0, 300, 150 if MICROPYTHON else 23):
            talk = Talk()
            _cut_one(talk, number, size)
            talk.calm(1000)


def _cut_one(talk: Talk, number: int, size: int) -> None:
    say = talk.say
    said = [0]

    def cut(side: int, data: bytes) -> None:
        said[0] += 1
        say(side, data[:size] if said[0] == number else data)

    talk.say = cut  # type: ignore[method-assign]
    _conversation(talk)


def _recording() -> list:
    talk = Talk(epochs=(lambda number: 50, lambda number: 51))
    _conversation(talk)
    return talk.spoken


def test_every_frame_of_an_earlier_session_at_every_moment_of_the_next():
    """An old hello may end a session, which the next one mends."""
    hellos = [(by, data) for by, data in _recording() if b"\x04\x01" in data][:4]
    others = _recording()[4::8]
    for at in _times()[:: 8 if MICROPYTHON else 3]:
        for by, data in hellos + others:
            _disturbed(at, lambda talk, by=by, data=data: talk.say(by, data))


def test_each_is_told_an_old_hello_and_takes_it_for_the_other():
    """Neither may wait for somebody who is no more."""
    talk = Talk()
    for by, data in _recording()[:2]:
        talk.ends[1 - by].core.receive_data(data, 0)
    assert [end.core.peer_epoch for end in talk.ends] == [51, 50]
    assert talk.calm() < 350


def test_who_was_put_on_the_wrong_track_after_the_other_was_open():
    talk = Talk()
    a, b = talk.ends
    b.core.data_to_send(0)
    b.core.receive_data(a.core.data_to_send(0), 0)
    a.core.receive_data(b.core.data_to_send(0), 0)
    assert a.core.state == session.OPEN and b.core.state == session.WAITING
    b.core.receive_data(_recording()[0][1], 0)  # instead of the next frame
    assert talk.calm() < 350


def test_each_is_open_with_somebody_else():
    """As a forger can arrange it: who hears nothing says who it is."""
    talk = Talk()
    talk.run(50)
    for end in talk.ends:
        end.begin()
        said = message.Hello(1, 1, end.epoch + 60, end.epoch, 0, 1024, 255, b"")
        frame = frames.encode(message.encode_hello(message.WELCOME, said))
        end.core.receive_data(frame, talk.now)
        end.core.data_to_send(talk.now)
        assert end.core.state == session.OPEN
    assert talk.calm() < session.HELLO_SILENCE_MS + 500


def test_a_silent_cut_of_any_length_is_over_soon_after():
    """Nobody notices it; up to 250 frames in a row are lost, more than an ordinal can tell."""
    for length in range(100, 9800, 3000 if MICROPYTHON else 300):
        talk = Talk()
        talk.ends[0].wants = 60000
        talk.run(500)
        talk.is_cut[:] = [True, True]
        for queue in talk.line:
            del queue[:]
        talk.run(length)
        talk.is_cut[:] = [False, False]
        before = talk.ends[1].got
        assert talk.run(1000, lambda t=talk, n=before: t.ends[1].got > n + 500), length
        sessions = [end.sessions for end in talk.ends]
        assert talk.run(6500, lambda t=talk: t.ends[1].got == 60000), length
        assert sessions == [end.sessions for end in talk.ends] == [1, 1]


def test_the_slowest_lines_are_not_taken_for_silent():
    for rate in (30, 60, 120, 480):
        talk = Talk(rate)
        for end in talk.ends:
            end.wants = 10 * rate
        assert talk.run(60000, lambda t=talk: [end.got for end in t.ends] == [10 * t.rate] * 2)
        assert [end.sessions for end in talk.ends] == [1, 1], rate


def test_the_same_frames_65536_bytes_later_are_no_frames():
    talk = Talk(92160)
    spoken = talk.spoken
    talk.ends[0].wants = 120000
    talk.run(300)
    assert len(spoken) < adversary.RECORDED_MAX or MICROPYTHON
    old = list(spoken[-8:])
    there = talk.ends[0].core.sender.acknowledged
    talk.run(3000, lambda: talk.ends[1].core.receiver.expected >= there + 65536 - 16000)
    for _ in range(4):
        for by, data in old:
            talk.say(by, data)
        talk.run(3)
    talk.run(3000, lambda: talk.ends[1].got == 120000)
    assert talk.ends[1].got == 120000
    talk.calm()


if __name__ == "__main__":
    kit.run(globals())
