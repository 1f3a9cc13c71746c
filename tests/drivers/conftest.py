"""One guest for all tests of this folder."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests import needs
from tests.drivers.rig import Rig
from tests.guests import machine
from tools import Missing, debian


@pytest.fixture(scope="session")
def rig() -> Iterator[Rig]:
    if sys.platform != "linux" or debian.architecture() != "amd64":
        pytest.skip("the guest is Debian's for amd64")
    needs.tool(machine.QEMU, "apt install qemu-system-x86")
    needs.tool("gcc", "apt install gcc libc6-dev")
    rig = Rig()
    try:
        rig.start()
        yield rig
    except (Missing, subprocess.CalledProcessError) as reason:
        needs.missing(str(reason))
    finally:
        rig.close()
