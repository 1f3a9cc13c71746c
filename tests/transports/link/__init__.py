"""Tests of transports/link."""
