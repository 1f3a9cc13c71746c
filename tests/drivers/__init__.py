"""Serial ports of real drivers: a guest in QEMU has a UART and USB adapters.

host: swarm - /serial/a - pty - rate, faults - pty
                                             |
guest: swarm - /serial/ttyS1 - driver - 16550 or FTDI of QEMU

rig.py     the host's half: starts the guest, plugs adapters, gives orders
agent.py   the guest's half: its first program does what it is told, one order at a time
jobs.py    what it can be told: to look at a port, to run a swarm on it
"""
