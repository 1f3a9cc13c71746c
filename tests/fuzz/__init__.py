"""Garbage for every parser.

`targets_*.py` each hold a table ``TARGETS`` of name -> function(data: bytes).  A function feeds
``data`` to a parser and may raise EdgeError; anything else is a finding.  Inputs to start from, and
findings of the past, lie in corpus/<name>/.
"""
