"""Fair turns: A B C A B C, so that what the machine does meanwhile meets all of them alike."""

import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from tests.bench.programs import Program, ProgramError
from tests.bench.results import Results
from tests.interop.peers.client import Peer, PeerError
from tools import say

FAILURES = (ProgramError, PeerError, OSError, TimeoutError, ValueError)
TURNS_S_MAX = 40  # one implementation uses in one measurement; then it has had its rounds


@dataclass(frozen=True)
class Effort:
    """How much is measured."""

    quick: bool
    start_rounds: int
    mdns_rounds: int
    warm_up_s: float  # of churn, per implementation
    warm_up_streams: int  # of each way
    turn_s: float  # one turn of churn
    load_rounds: int
    memory_rounds: int
    connections: int  # idle at the same time
    closes: int  # connections after which the memory is to be as before
    traffic_s: float  # idle connections are watched


@dataclass
class Run:
    """One run of the benchmark."""

    langs: list[str]
    effort: Effort
    results: Results = field(default_factory=Results)
    versions: dict[str, str] = field(default_factory=dict)

    def failed(self, keys: tuple[str, ...], lang: str, error: Exception) -> None:
        text = " ".join((str(error) or type(error).__name__).split())[:300]
        say(f"{keys[0]}: {lang}: {text}")
        self.results.fail(keys, lang, f"{lang} failed: {text}")

    def leave_out(self, keys: tuple[str, ...], langs: list[str], why: str) -> None:
        for lang in langs:
            self.results.fail(keys, lang, why)


async def take_turns(
    run: Run,
    keys: tuple[str, ...],
    langs: list[str],
    rounds: int,
    turn: Callable[[str], Awaitable[None]],
) -> None:
    """``await turn(lang)`` for each of ``langs``, ``rounds`` times.

    Who fails sits out the rest, and so does who is so slow that all others would wait.
    """
    spent = dict.fromkeys(langs, 0.0)
    for number in range(rounds):
        for lang in list(spent):
            began = time.monotonic()
            try:
                await turn(lang)
            except FAILURES as error:
                run.failed(keys, lang, error)
                del spent[lang]
                continue
            spent[lang] += time.monotonic() - began
            if spent[lang] > TURNS_S_MAX and number + 1 < rounds:
                run.results.notes.append(
                    f"{lang} is slow: {number + 1} of {rounds} rounds of {keys[0]}."
                )
                del spent[lang]
        shown = [f"{lang} {latest(run, keys[0], lang)}" for lang in spent]
        say(f"{keys[0]}, round {number + 1} of {rounds}: " + ", ".join(shown))


def latest(run: Run, key: str, lang: str) -> str:
    samples = run.results.samples.get((key, lang))
    return f"{samples[-1]:.4g}" if samples else "-"


async def open_pairs(
    run: Run, stack: AsyncExitStack, keys: tuple[str, ...]
) -> dict[str, tuple[Program, Peer]]:
    """A listener and a dialer of each language, both with the test protocols."""
    pairs = {}
    for lang in run.langs:
        try:
            listener = await stack.enter_async_context(await Program.start(lang, real=False))
            dialer = await stack.enter_async_context(await Peer.start(lang, "--quiet"))
            pairs[lang] = (listener, dialer)
        except FAILURES as error:
            run.failed(keys, lang, error)
    return pairs
