"""The composition root: what a node is made of on this machine.  firmware/node.py is its twin.

node.py        transports, discovery, routings
home.py        its memory in the data directory
once.py        a node that lives for one command
"""
