"""The guest's first program: does what the host orders, one line of JSON after the other.

    {"call": "facts", "with": {"path": "/dev/ttyS1"}}   ->   {"returned": ...} or {"error": "..."}

The functions are those of jobs.py.
"""

import asyncio
import inspect
import json
import traceback

from tests.drivers import jobs
from tests.guests.guest import Link
from transports.link import session


async def serve(link: Link) -> None:
    while True:
        order = json.loads(await asyncio.to_thread(link.read))
        try:
            done = getattr(jobs, order["call"])(**order["with"])
            link.tell(returned=await done if inspect.isawaitable(done) else done)
        except Exception as error:
            traceback.print_exc()
            link.tell(error=f"{type(error).__name__}: {error}")


def main() -> None:
    session.SILENCE_MS_MAX = 60000  # PATIENCE_MS of rig.py
    link = Link()
    link.say("ready")
    asyncio.run(serve(link))


if __name__ == "__main__":
    main()
