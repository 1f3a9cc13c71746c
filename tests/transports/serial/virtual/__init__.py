"""Whole swarms on a cable in virtual time."""
