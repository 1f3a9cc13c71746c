"""What the command line finds out about this machine, without a node.

checks.py          what `edge doctor` looks at
serial_checks.py   the same, of serial ports
ports.py           serial ports: how people name them, which there are, who holds them
"""
