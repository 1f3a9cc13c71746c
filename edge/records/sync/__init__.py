"""Anti-entropy: two nodes that meet again, after weeks, exchange the records that differ.

    store --- Summary: a row a record --- Reconciliation -- stream -- the same at the other end
                                          what differs?               /edge/records/sync/1.0.0

Both end with the best record of each key that both follow.  What it costs goes with what differs
and only with the logarithm of what does not.  The wire is described in edge/records/README.md.
"""

from edge.system import MICROPYTHON

PROTOCOL = "/edge/records/sync/1.0.0"

FOLLOWS_MAX = 24  # prefixes of keys that one node wants
# Of a message: the least and the most that one may say to take.
ROOM_BYTES_MIN = 2048
ROOM_BYTES_MAX = 65536
ROOM_BYTES = 2304 if MICROPYTHON else ROOM_BYTES_MAX  # of a message that we take
MESSAGES_MAX = 128 if MICROPYTHON else 1024  # that one meeting takes; the next one goes on
