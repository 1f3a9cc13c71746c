"""Suites that run on every inhabitant of a door."""
