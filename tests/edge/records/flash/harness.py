"""A workload, what it was promised, and whether a log found after a power cut keeps the promise.

acked     operations after which a sync had returned: they are there
issued    operations begun: they may be there, whole or not at all
"""

from edge.records.flash import FLASH, Layout, Medium, recovery
from edge.records.flash.log import Log
from edge.records.flash.wear import Wear
from edge.records.stores import Quota
from edge.records.stores.bounds import Bounds
from tests import kit

LAYOUT = Layout(300, 65536, False)
QUOTA = Quota(1000, 1 << 20, 1000, 1 << 20)
KEYS = 7


class Promise(AssertionError):
    """It was broken."""


class History:
    def __init__(self, count: int, seed: int = 3) -> None:
        rng = kit.Rng(seed)
        self.operations = []
        for number in range(count):
            is_cold = number % 6 == 0 and number < 40
            key = b"/cold/%d" % number if is_cold else b"/k/%d" % rng.below(KEYS)
            value = b"%05d" % number * (1 + rng.below(9))
            is_removal = not is_cold and rng.below(9) == 0
            self.operations.append((key, None if is_removal else value))
        self.acked = 0
        self.issued = 0

    def state(self, count: int) -> dict:
        """What is there after ``count`` operations."""
        found: dict = {}
        for key, value in self.operations[:count]:
            found[key] = value
        return {key: found[key] for key in found if found[key] is not None}


def opened(medium: Medium, ordered: bool = False, make=Log) -> Log:
    log = make(medium, LAYOUT, Bounds(QUOTA, b"", b"salt"), Wear(FLASH))
    log.ordered = ordered
    recovery.open_log(log)
    return log


def work(log: Log, history: History, group: int) -> None:
    """Do all operations, synced after each ``group`` of them."""
    for key, value in history.operations[history.issued :]:
        history.issued += 1
        found = log.find(key)
        if value is not None:
            log.put(key, value, log.stamp + 1, found)
        elif found[1]:
            log.remove(key, log.stamp + 1, found)
        if history.issued % group == 0:
            log.sync()
            history.acked = history.issued
            victim = log.victim()
            while victim:
                log.clean(victim)
                victim = log.victim()


def contents(log: Log) -> dict:
    found = {}
    for segment in log.segments:
        for _, record in log.live_of(segment):
            found[record.key] = record.value
            if log.find(record.key)[1] != record:
                raise Promise("listed, but not found: {}".format(record.key))
    return found


def check(medium: Medium, history: History, ordered: bool = False, make=Log) -> None:
    """Promise if what is on ``medium`` is not what ``history`` says, or nothing can be added."""
    log = opened(medium, ordered, make)
    found = contents(log)
    if ordered:
        states = [history.state(n) for n in range(history.acked, history.issued + 1)]
        if found not in states:
            raise Promise("no state since the last sync: {}".format(found))
    else:
        _check_each(found, history)
    for number in range(3):
        key = b"/after/%d" % number
        log.put(key, b"x" * 40, log.stamp + 1, log.find(key))
        found[key] = b"x" * 40
    log.sync()
    if contents(opened(medium, ordered, make)) != found:
        raise Promise("it does not write any more")


def _check_each(found: dict, history: History) -> None:
    promised = history.state(history.acked)
    for key in set(found) | set(promised):
        may = [promised.get(key)]
        for begun, value in history.operations[history.acked : history.issued]:
            if begun == key:
                may.append(value)
        if found.get(key) not in may:
            raise Promise("{}: {} instead of {}".format(key, found.get(key), may))
