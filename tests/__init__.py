"""Tests; README.md says where which kind lives."""
