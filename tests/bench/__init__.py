"""Measurements: each file with a main(argv) is one of `python3 -m tools bench`."""
