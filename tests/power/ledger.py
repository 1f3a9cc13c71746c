"""The host's book of what was acknowledged, and the judge of what is found after a cut.

What is found must be exactly the state after some operation M: at least the last one that was
acknowledged, with all before it; what came after may be there, in order and whole.  Where each put
waits for the medium and several do at once, any of those may be there.
"""

from tests.power.operations import operation

SLACK = 64  # operations in flight: removals may have been done behind the last put that is found

State = dict[int, tuple[int, int]]  # key -> operation and run that wrote what it holds


class Ledger:
    def __init__(self) -> None:
        self.state: State = {}  # after all that is acknowledged
        self.acked = 0  # the last operation of ``state``
        self.run = 0  # that did what followed
        self._ahead: set[int] = set()  # acknowledged, before one that is not
        self._unordered = False
        self.beyond = 0  # operations that were found, and not acknowledged
        self.puts = 0

    def acknowledge(self, n: int) -> None:
        """Operation ``n`` of this run is durable, its writer says."""
        self._ahead.add(n)
        while self.acked + 1 in self._ahead:
            self.acked += 1
            self._ahead.discard(self.acked)
            self.puts += 1
            apply(self.state, self.acked, self.run)

    def acknowledge_through(self, n: int) -> None:
        for each in range(self.acked + 1, n + 1):
            self.acknowledge(each)

    def check(self, found: dict[str, list[int] | str]) -> list[str]:
        """What is wrong with ``found``, by key; if nothing, the next run goes on from there."""
        broken = [f"key {key}: {entry}" for key, entry in found.items() if isinstance(entry, str)]
        if broken:
            return broken
        seen = {int(key): (entry[0], entry[1]) for key, entry in found.items()}
        newest = max([n for n, _ in seen.values()] + [self.acked])
        if self._unordered:
            self._adopt(seen, newest)
        state, last = dict(self.state), self.acked
        while state != seen and last < newest + SLACK:
            last += 1
            apply(state, last, self.run)
        if state != seen:
            return self._differences(seen)
        self.beyond += last - self.acked
        self.state, self.acked = state, last
        self._ahead.clear()
        return []

    def _adopt(self, seen: State, newest: int) -> None:
        """Take over what operations in flight have left, whichever were done."""
        later = range(self.acked + 1, newest + SLACK + 1)
        removed = {operation(n).key for n in later if operation(n).is_removal}
        for key in self.state.keys() | seen.keys():
            entry = seen.get(key)
            if entry is None and key in removed:
                del self.state[key]
            elif entry is not None and entry[1] == self.run and entry[0] > self.acked:
                self.state[key] = entry
                self.beyond += 1

    def begin(self, run: int, unordered: bool = False) -> int:
        """A run is to write from the operation this gives; ``unordered``: several at
        once, any of which may be done."""
        self.run, self._unordered = run, unordered
        self._ahead.clear()
        return self.acked + 1

    def _differences(self, seen: State) -> list[str]:
        told = [f"acknowledged through operation {self.acked}, run {self.run}"]
        for key in sorted(self.state.keys() | seen.keys()):
            ours, theirs = self.state.get(key), seen.get(key)
            if ours != theirs:
                what = f"{_entry(ours)} was acknowledged, {_entry(theirs)} is found"
                told.append(f"key {key}: {what}")
        return told


def apply(state: State, n: int, run: int) -> None:
    done = operation(n)
    if done.is_removal:
        state.pop(done.key, None)
    else:
        state[done.key] = (n, run)


def _entry(entry: tuple[int, int] | None) -> str:
    return "nothing" if entry is None else f"operation {entry[0]} of run {entry[1]}"
