"""The command line, the only room that may import transports.

    program.py -> commands/<verb>.py -> session.py -> control socket of the running node
                                                  \\-> open.py: a node of this process

`COMMANDS` is the table of verbs; a verb is one file of commands/ and is loaded when it is typed.
"""

from edge.errors import LocalError

COMMANDS = (
    ("run", "start a node and keep it running"),
    ("id", "print this node's peer id and addresses"),
    ("key", "show, create, import or export the identity"),
    ("peers", "list the peers this node knows"),
    ("ping", "measure the round trip to a peer"),
    ("dial", "connect to a peer and show what it says about itself"),
    ("perf", "measure the throughput to a peer"),
    ("find", "find where a peer is, or the peers closest to a key"),
    ("provide", "tell that this node has something, and which it has"),
    ("providers", "find who has something"),
    ("routing", "show how this node finds peers, and how well"),
    ("config", "print the configuration a node would run with"),
    ("doctor", "check what works on this machine and say what to do about the rest"),
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
