"""What a node does under load, each language against itself: connections, bytes, memory."""

import asyncio
from contextlib import AsyncExitStack

from tests.bench.idle import start_idle
from tests.bench.programs import Program, ProgramError, memory_bytes, processor_s
from tests.bench.rounds import Run, open_pairs, take_turns
from tests.interop.peers.client import Peer
from tools import say

CONCURRENCY = 4  # connections in the making, the same for all
CHURN_TIMEOUT_S = 300
STREAM_BYTES = 64 << 20  # each way
STREAM_TIMEOUT_S = 120
WARM_UP_CLOSES = 400  # connections after which memory is taken as settled
WARM_UP_OPENS = 50
SETTLE_S = 3
GROWTH_S_MAX = 60  # who needs longer for the connections of that row is not waited for
CHURN = ("churn", "churn_cpu")
THROUGHPUT = ("upload", "download", "stream_cpu")


async def churn(run: Run) -> None:
    """Dial, upgrade, identify, ping, close."""
    async with AsyncExitStack() as stack:
        pairs = await open_pairs(run, stack, CHURN)
        counts: dict[str, int] = {}

        async def warm_up(lang: str) -> None:
            count, spent = 20, 0.0
            while spent < run.effort.warm_up_s:
                rate = await connect(pairs[lang], count)
                spent += count / rate
                count = max(20, round(rate * run.effort.turn_s))
            counts[lang] = count

        async def turn(lang: str) -> None:
            used = Meter(pairs[lang])
            run.results.add("churn", lang, await connect(pairs[lang], counts[lang]))
            used.read(run, "churn_cpu", lang, 1000 / counts[lang])

        await take_turns(run, CHURN, list(pairs), 1, warm_up)
        await take_turns(run, CHURN, list(counts), run.effort.load_rounds, turn)


class Meter:
    """Processor time that both ends of a pair use from now on."""

    def __init__(self, pair: tuple[Program, Peer]) -> None:
        self._pids = [program.pid for program in pair]
        self._before = processor_s(*self._pids)

    def read(self, run: Run, key: str, lang: str, factor: float) -> None:
        now = processor_s(*self._pids)
        if self._before is not None and now is not None:
            run.results.add(key, lang, (now - self._before) * factor)


async def connect(pair: tuple[Program, Peer], count: int) -> float:
    """Connections per second."""
    listener, dialer = pair
    answer = await dialer.call(
        "churn", CHURN_TIMEOUT_S, address=listener.address, count=count, concurrency=CONCURRENCY
    )
    return count / answer["ms"] * 1000


async def throughput(run: Run) -> None:
    """One stream over Noise and yamux, first one way, then the other."""
    async with AsyncExitStack() as stack:
        pairs = await open_pairs(run, stack, THROUGHPUT)

        async def warm_up(lang: str) -> None:
            listener, dialer = pairs[lang]
            await dialer.call("dial", address=listener.address)
            for _ in range(run.effort.warm_up_streams):
                await transfer(pairs[lang], "source")
                await transfer(pairs[lang], "sink")
            warm.append(lang)

        async def turn(lang: str) -> None:
            used = Meter(pairs[lang])
            run.results.add("upload", lang, await transfer(pairs[lang], "source"))
            run.results.add("download", lang, await transfer(pairs[lang], "sink"))
            used.read(run, "stream_cpu", lang, 1e9 / (2 * STREAM_BYTES))

        warm: list[str] = []
        await take_turns(run, THROUGHPUT, list(pairs), 1, warm_up)
        await take_turns(run, THROUGHPUT, warm, run.effort.load_rounds, turn)


async def transfer(pair: tuple[Program, Peer], command: str) -> float:
    """MB per second."""
    listener, dialer = pair
    answer = await dialer.call(
        command, STREAM_TIMEOUT_S, peer_id=listener.peer_id, bytes=STREAM_BYTES
    )
    if answer["bytes"] != STREAM_BYTES:
        raise ProgramError(f"{command} moved {answer['bytes']} bytes of {STREAM_BYTES}")
    return STREAM_BYTES / answer["ms"] / 1000


# -- memory; of edge that of the real command


async def connections(run: Run) -> None:
    """Idle connections, each from an identity of its own in another process."""
    count = run.effort.connections

    async def turn(lang: str) -> None:
        async with await start_idle(lang) as listener, await Peer.start(lang, "--quiet") as opener:
            await connect((listener, opener), WARM_UP_OPENS)
            await asyncio.sleep(SETTLE_S)
            before = memory_bytes(listener.pid)["rss"]
            answer = await opener.call(
                "open_connections", CHURN_TIMEOUT_S, address=listener.address, count=count
            )
            if answer["count"] != count:
                raise ProgramError(f"opened {answer['count']} connections of {count}")
            await asyncio.sleep(SETTLE_S)
            grown = memory_bytes(listener.pid)["rss"] - before
            run.results.add("connection", lang, grown / count / 1000)

    await take_turns(run, ("connection",), chosen(run, "connection"),
                     run.effort.memory_rounds, turn)  # fmt: skip


async def growth(run: Run) -> None:
    """What thousands of connections leave behind."""
    count = run.effort.closes

    async def turn(lang: str) -> None:
        rate = run.results.median("churn", lang) or 0
        if lang != "edge" and (count + WARM_UP_CLOSES) / max(rate, 1) > GROWTH_S_MAX:
            run.leave_out(("growth",), [lang], f"{lang} is too slow to wait for here")
            return
        async with await start_idle(lang) as listener, await Peer.start(lang, "--quiet") as dialer:
            await connect((listener, dialer), WARM_UP_CLOSES)
            await asyncio.sleep(SETTLE_S)
            before = memory_bytes(listener.pid)["rss"]
            await connect((listener, dialer), count)
            await asyncio.sleep(SETTLE_S)
            after = memory_bytes(listener.pid)["rss"]
            run.results.add("growth", lang, (after / before - 1) * 100)
            say(f"growth: {lang} {before / 1e6:.1f} MB -> {after / 1e6:.1f} MB")

    await take_turns(run, ("growth",), chosen(run, "growth"), 1, turn)


def chosen(run: Run, key: str) -> list[str]:
    """All, or edge alone where the others decide nothing and time is short."""
    if not run.effort.quick:
        return run.langs
    run.leave_out((key,), [lang for lang in run.langs if lang != "edge"], "left out by --quick")
    return [lang for lang in run.langs if lang == "edge"]
