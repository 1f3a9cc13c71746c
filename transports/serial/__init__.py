"""Serial ports: the link protocol over a UART, a USB adapter or a pty, as a transport.

    transport.py        dials, listens; a Cable for each port in use
      cable.py          one port: its session, who dialed, what happens when it is unplugged
        connection.py   what the swarm has of it
        ladder.py       when to go to a higher rate, and when back
      address.py        what a /serial address says
      port_posix.py     an open port of Linux or macOS
      names_posix.py    where a port is now, whatever it is called today
      port_chip.py      an open port of a chip: a UART, or the console's
      port_unix.py      of MicroPython's unix port, for tests
      systems/          ports and names of Windows; RS-485 mode

README.md says what both ends rely on besides the link protocol.
"""
