"""What MicroPython runs after boot; the node itself lies compiled in the ROMFS."""

import gc

gc.threshold(4096)  # collect early: a small heap must not be cut to pieces

import node  # noqa: E402

node.start()
