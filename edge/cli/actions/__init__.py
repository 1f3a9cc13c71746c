"""What a node can be asked through its control socket, or by a command that runs it itself.

``async action(node, request, say)``: ``request`` is a dict somebody typed, ``await say(event)``
sends one result.  What came from a peer goes through ``printable`` there, once for every reader.
A file of actions is loaded when one of them is asked for: a node nobody asks holds none.
"""

import importlib

ACTIONS = {  # name -> module
    "status": "swarm",
    "peers": "swarm",
    "ping": "swarm",
    "dial": "swarm",
    "perf": "swarm",
    "link": "transports",
    "log": "transports",
    "find": "routing",
    "providers": "routing",
    "provide": "routing",
    "routing": "routing",
    "put": "records",
    "get": "records",
    "ls": "records",
    "watch": "records",
    "remove": "records",
    "store": "records",
    "check": "records",
    "export": "records",
    "take": "records",
    "forget_time": "records",
}


def open_action(name: str):
    """The action of that name; None if there is none."""
    module = ACTIONS.get(name)
    return module and getattr(importlib.import_module(f"{__name__}.{module}"), name)
