"""Tests of the toolbox; CPython only."""
