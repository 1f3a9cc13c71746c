"""The command line, the only room that may import transports.

    program.py -> commands/<room>/<verb>.py -> session.py -> control socket of the running node
                                                         \\-> composition/: a node of this process

`COMMANDS` is the table of verbs: a verb, the folder of commands/ that has its file, and what it is
for.  The file is loaded when the verb is typed.
"""

from edge.errors import LocalError

COMMANDS = (
    ("run", "node", "start a node and keep it running"),
    ("id", "node", "print this node's peer id and addresses"),
    ("key", "node", "show, create, import or export the identity"),
    ("peers", "swarm", "list the peers this node knows"),
    ("ping", "swarm", "measure the round trip to a peer"),
    ("dial", "swarm", "connect to a peer and show what it says about itself"),
    ("perf", "swarm", "measure the throughput to a peer"),
    ("link", "transports", "show how well each cable and connection does"),
    ("log", "transports", "show what the boards at the other ends of cables print"),
    ("serial", "transports", "list the serial ports of this machine and who holds them"),
    ("find", "routing", "find where a peer is, or the peers closest to a key"),
    ("provide", "routing", "tell that this node has something, and which it has"),
    ("providers", "routing", "find who has something"),
    ("routing", "routing", "show how this node finds peers, and how well"),
    ("put", "records", "say what something is, signed, for everybody to read"),
    ("get", "records", "read what somebody said"),
    ("ls", "records", "list the records that are here"),
    ("watch", "records", "show records as they change"),
    ("store", "records", "show, check, repair, export or import the record store"),
    ("config", "node", "print the configuration a node would run with"),
    ("doctor", "node", "check what works on this machine and say what to do about the rest"),
)

# Exit codes, the same for every verb.
EXIT_OK = 0
EXIT_FAILED = 1  # the peer, the network or this machine said no
EXIT_USAGE = 2  # the command line or the configuration is wrong
EXIT_INTERRUPTED = 130  # Ctrl-C, as shells expect it

# Bounds of what can be asked of a node, for both ends of the control socket.
PINGS_MAX = 1000000  # of one command
PING_INTERVAL_MAX_S = 3600
PERF_BYTES_MAX = 68719476736  # each way
SEARCH_COUNT_MAX = 1000  # results
SEARCH_TIMEOUT_MAX_S = 3600
SUFFIX_LEAST = 4  # characters that may stand for a peer id


class UsageError(LocalError):
    """The command line or the configuration cannot be understood."""


def main() -> int:
    """The console script ``edge``."""
    try:
        from edge.cli.program import main as program_main

        return program_main()
    except KeyboardInterrupt:  # before there was anything to tidy up
        return EXIT_INTERRUPTED
