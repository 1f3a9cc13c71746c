"""What the code takes of a chip's heap: loads an image on MicroPython and weighs each module."""

import json
import subprocess
from pathlib import Path

from tools import Missing

HEAP = "1m"  # large enough to load anything; what is measured does not depend on it

# Runs on MicroPython.  Every import passes through `weighed`, which takes what modules loaded
# within it off its own weight.
SCRIPT = """
import asyncio, builtins, gc, json, sys
gc.collect()
before = gc.mem_alloc()
asyncio.Event, asyncio.Lock, asyncio.wait_for_ms  # frozen, but imports itself with dots
plain, own, within = builtins.__import__, {}, [0]
def weighed(name, *rest):
    if name in sys.modules:
        return plain(name, *rest)
    within.append(0)
    gc.collect()
    before = gc.mem_alloc()
    try:
        return plain(name, *rest)
    finally:
        gc.collect()
        all = gc.mem_alloc() - before
        own[name] = own.get(name, 0) + all - within.pop()
        within[-1] += all
gc.collect()
own["asyncio"] = gc.mem_alloc() - before
builtins.__import__ = weighed
for name in sys.argv[3:]:
    weighed(name, None, None, ("*",))
builtins.__import__ = plain
print(json.dumps(own))
"""


def weigh(program: str, rom: Path, modules: list[str]) -> dict[str, int]:
    """Bytes of heap each module takes once ``modules`` are imported from the image ``rom``."""
    script = rom.parent / "weigh.py"
    script.write_text(SCRIPT)
    done = subprocess.run(
        [program, "-X", "heapsize=" + HEAP, "-m", "rom", rom.name, script.name, *modules],
        cwd=rom.parent,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise Missing(f"the files do not load on MicroPython: {done.stdout}{done.stderr}")
    weights: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return weights
