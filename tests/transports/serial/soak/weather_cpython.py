"""What happens to a cable and its two ends, by chance; and how soon the stream moves again.

A rig has ``sides``, which unplug(), plug() and hear(bytes), ``reboot(number)`` of an end, and
``moves(limit_ms)``: how long until checked bytes arrive again.
"""

import os
import random
from pathlib import Path
from typing import Any

from edge.system import aio, clock


class Weather:
    def __init__(self, rig: Any, seed: int, moves_ms_max: int, calm_ms_max: int) -> None:
        """``moves_ms_max``: after each disturbance; then up to ``calm_ms_max`` without one."""
        self.rig = rig
        self.chance = random.Random(seed)
        self.moves_ms_max, self.calm_ms_max = moves_ms_max, calm_ms_max
        self.acts = [self.pull_one, self.pull_both, self.reboot, self.babble, self.nothing]
        self.slowest: dict[str, int] = {}  # act -> ms until the stream moved
        self.count = 0

    async def go(self, duration_ms: int) -> None:
        until = clock.monotonic_ms() + duration_ms
        while clock.monotonic_ms() < until:
            act = self.chance.choice(self.acts)
            await act()
            self.count += 1
            took = await self.rig.moves(self.moves_ms_max)
            self.slowest[act.__name__] = max(took, self.slowest.get(act.__name__, 0))
            await aio.sleep_ms(self.chance.randrange(self.calm_ms_max))

    async def pause(self, *choices_ms: int) -> None:
        await aio.sleep_ms(self.chance.choice(choices_ms))

    async def pull_one(self) -> None:
        side = self.chance.choice(self.rig.sides)
        side.unplug()
        await self.pause(5, 80, 400, 3000, 9500, 12000)
        side.plug()

    async def pull_both(self) -> None:
        sides = list(self.rig.sides)
        self.chance.shuffle(sides)
        for side in sides:
            side.unplug()
            await self.pause(0, 10, 1000)
        for side in sides:
            side.plug()
            await self.pause(0, 10, 1000)

    async def reboot(self) -> None:
        for _ in range(self.chance.randrange(1, 4)):
            await self.rig.reboot(self.chance.randrange(2))
            await self.pause(0, 3, 40, 300)

    async def babble(self) -> None:
        """Noise, zeros and text, that nobody said."""
        for _ in range(self.chance.randrange(1, 30)):
            kinds = (self.chance.randbytes(self.chance.randrange(3000)), bytes(2000), b"boot " * 99)
            self.chance.choice(self.rig.sides).hear(self.chance.choice(kinds))
            await aio.sleep_ms(self.chance.randrange(60))

    async def nothing(self) -> None:
        pass


def resident_bytes() -> int:
    """Of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE")
