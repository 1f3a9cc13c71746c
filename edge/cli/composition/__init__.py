"""The composition root: what a node is made of on this machine.  firmware/node.py is its twin.

node.py        transports, discovery, routings
records.py     who judges records, the stores they are in
plug_ins.py    routings and stores of other distributions
home.py        its memory in the data directory
once.py        a node that lives for one command
"""
