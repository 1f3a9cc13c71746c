"""What MicroPython runs after boot; all else lies compiled in the ROMFS.

`config.json` beside it may say where to listen and whom to dial; a node is told the interfaces that
it is on, too:
{"listen": ["/ip4/0.0.0.0/tcp/4001"], "interfaces": {"wlan0": "192.168.1.7/24"}}
"""

import gc
import json

gc.threshold(4096)  # collect early: a small heap must not be cut to pieces


def read() -> dict:
    """The settings."""
    try:
        with open("config.json") as file:
            return json.load(file)
    except OSError:
        return {}


try:
    import node as program
except ImportError:
    try:
        import sensor as program
    except ImportError:
        import leaf as program

program.start(read)
