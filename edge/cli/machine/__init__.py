"""What the command line finds out about this machine, without a node.

checks.py    what `edge doctor` looks at
ports.py     serial ports: which there are, who holds them
"""
