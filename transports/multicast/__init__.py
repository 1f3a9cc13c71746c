"""Datagrams to all on a link, and the links there are: what edge/mdns needs of the machine.

    interfaces.open_interfaces()     those of this machine, and word of their changes (CPython)
    datagrams.FixedInterfaces        those one is told (a chip)
    datagrams.Multicast              a socket for each group on each of them

The contracts are in edge/mdns/__init__.py.
"""
