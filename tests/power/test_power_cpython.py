"""The local flash store on a real ext4 in a real kernel, its power cut at random 200 times.

`python3 -m tests.power --cuts 5000 --seed 7` goes on for an hour.
"""

import sys

import pytest

from tests import needs
from tests.power import rig
from tools import Missing, debian

CUTS = 200
CUTS_TO_NOTICE = 40


@pytest.fixture(autouse=True)
def _guest() -> None:
    if sys.platform != "linux" or debian.architecture() != "amd64":
        pytest.skip("the guest is Debian's for amd64")
    needs.tool("qemu-system-x86_64", "apt install qemu-system-x86")
    needs.tool("mke2fs", "apt install e2fsprogs")


def cut(*arguments) -> rig.Cuts:
    try:
        return rig.run(*arguments)
    except Missing as reason:
        needs.missing(str(reason))


@pytest.mark.slow
def test_every_acknowledged_record_is_there():
    cuts = cut(CUTS, 1, 2)
    assert not cuts.problems, "\n".join(cuts.problems)
    assert cuts.done == CUTS
    assert cuts.operations > 10 * CUTS and cuts.flushes > CUTS
    assert cuts.while_opening and all(cuts.ways.values())


@pytest.mark.slow
def test_a_store_that_does_not_sync_is_caught():
    cuts = cut(CUTS_TO_NOTICE, 1, 2, "no sync")
    assert cuts.problems and cuts.done < CUTS_TO_NOTICE
    assert "was acknowledged" in "\n".join(cuts.problems)
