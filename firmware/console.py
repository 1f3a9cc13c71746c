"""An application: does what is asked of it over the board's console, a line at a time.

    find 12D3KooW..       where that peer is            closest 1220..   who is closest to a key
    providers 1220..      who has a key                 provide 1220..   say that this node has it
    routing               how the routings are doing    unprovide 1220.. say it no more

A key is hex.  Each line is answered by lines that begin as it does, the last one with "end".
`python3 -m tools firmware --application FILE` puts another program in its place.
"""

import binascii
import gc
import sys
from asyncio import core

from edge.errors import EdgeError, LocalError, printable
from edge.identity.peer_id import PeerId
from edge.system import const

_LINE_MAX = const(256)  # characters


async def run(node) -> None:
    """For as long as the node runs."""
    await obey_lines(node, _do)


async def obey_lines(node, do) -> None:
    """``await do(node, line, words)`` for every line that is typed, as long as there are any."""
    line = ""
    while True:
        await _typed()
        letter = sys.stdin.read(1)
        if not letter:
            return
        if letter not in "\r\n":
            line = (line + letter)[-_LINE_MAX:]
        elif line:
            await _obey(node, do, line.split())
            line = ""


def _typed():
    """Wait until there is something to read: asyncio's own reader would take more heap."""
    yield core._io_queue.queue_read(sys.stdin)


async def _obey(node, do, words: list) -> None:
    head = " ".join(words)
    try:
        await do(node, head, words)
    except (EdgeError, ValueError, ImportError) as error:  # some rare code is not on a chip
        print(head, "failed", printable(error, 200))
    gc.collect()
    print(head, "end", gc.mem_alloc())


async def _do(node, head: str, words: list) -> None:
    verb, what = words[0], words[-1]
    if verb == "routing":
        print(head, node.routing.status())
    elif verb == "find":
        await _show(head, node.find_peer(PeerId.parse(what)))
    elif verb == "closest":
        await _show(head, node.get_closest_peers(binascii.unhexlify(what)))
    elif verb == "providers":
        await _show(head, node.find_providers(binascii.unhexlify(what)))
    elif verb == "provide":
        print(head, await node.provide(binascii.unhexlify(what)))
    elif verb == "unprovide":
        await node.unprovide(binascii.unhexlify(what))
    else:
        raise LocalError("no such command")


async def _show(head: str, results) -> None:
    async for info in results:
        print(head, info.peer_id, *info.addresses)
