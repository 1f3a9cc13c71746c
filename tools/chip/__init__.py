"""What turns source into something a chip, or a MicroPython on this machine, runs."""
