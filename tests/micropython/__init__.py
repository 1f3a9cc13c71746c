"""Running the shared tests on MicroPython."""
