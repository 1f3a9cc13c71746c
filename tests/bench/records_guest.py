"""Has the guest of tests/power measure what reaches its disk; the host's half of records_device."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.power import machine, rig
from tests.power.disk import Disk, Server
from tools import Missing, say

JOB = "tests.bench.records_device"
TIMEOUT_S = 600


class Unavailable(Exception):
    """This machine has no guest; the text says what is missing."""


def measure(measured: list[dict]) -> Iterator[dict]:
    """What was told of each of ``measured``, in order."""
    for tool in (machine.QEMU, "mke2fs"):
        if not shutil.which(tool):
            raise Unavailable(f"no `{tool}` on PATH")
    with tempfile.TemporaryDirectory(prefix="edge-bench-") as folder:
        yield from _measure(Path(folder), measured)


def _measure(place: Path, measured: list[dict]) -> Iterator[dict]:
    say("starting a guest")
    try:
        frozen = rig.freeze(place, JOB, also="tests/bench/*.py")
    except Missing as reason:
        raise Unavailable(str(reason)) from None
    server = Server(Disk(rig.new_disk(place / "image")), place / "nbd")
    server.serve_next()
    with frozen.thaw(f"driver=nbd,server.type=unix,server.path={place}/nbd") as guest:
        guest.send_order({"call": JOB, "entropy": "00", "measured": measured})
        for _ in measured:
            told = guest.read_told(TIMEOUT_S)
            if told is None or "error" in told:
                raise machine.MachineError(f"{told}")
            say(f"{told['name']}, {told['key']}: {told['written'] / told['put']:.2f}")
            yield told
    server.close()
