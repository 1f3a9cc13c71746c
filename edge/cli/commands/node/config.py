"""`edge config`: the configuration a node would run with, as a file one can edit."""

from edge.cli import EXIT_OK, settings
from edge.cli.data_dir import DataDir
from edge.cli.screen import Screen
from edge.config import KNOBS

SUMMARY = "Print the configuration that 'edge run' would use, in the form of its file."
EXAMPLES = """\
  edge config                          every setting, its bounds and what it does
  edge config > my.toml                a file to edit; then: edge run --config my.toml
  edge config --config my.toml         check a file
"""

ABOUT = {
    "listen": "addresses to listen on; none: only dial",
    "peers": "addresses of peers to stay connected to, each ending in /p2p/<peer id>",
    "serial": "serial ports whose other end to stay connected to: /dev/ttyUSB0, its name in "
    "/dev/serial/by-id, or /serial/<port>~<baud>~rtscts; /p2p/<peer id> behind it: that peer alone",
    "mdns": "announce this node on the LAN and find others there",
    "mdns_agent": "with our own agent; false: with python-zeroconf, which cannot ask for keys",
    "routing": "who is asked for peers and keys, in this order: static, mdns, kad-edge, kad-lan, "
    "kad-wan or the name of a plug-in",
    "bootstrap": "peers that kad asks first: addresses, with or without /p2p/, /dnsaddr/... too",
    "kad_mode": "server: answer the kad requests of others; auto: if others can reach this node",
    "records": "stores of records, near ones first: flash, memory, mdns, kad, s3",
    "records_bytes_max": "bytes of records that are kept here",
    "records_commit_ms": "how late a record may be on the medium; 0: before put says done",
    "records_follow": "what names begin with of others' records that are kept here, too",
    "s3": "the bucket of the store s3: bucket, endpoint, region, prefix, access_key_id, "
    "secret_access_key ...",
    "perf": "let any peer measure throughput with this node (uses up bandwidth)",
    "connections_auto_max": "connect by ourselves to this many peers found on the LAN",
    "reconnect_interval_s": "how often lost peers are tried again",
    "save_interval_s": "how often the peer store is written, if it changed",
    "stop_timeout_ms": "how long all goodbyes together may take",
    "connections_max": "connections in all; more are refused",
    "inbound_max": "of these that others made; the rest is for our own",
    "connections_per_peer_max": "connections to one peer",
    "upgrades_max": "inbound connections that have not proven who they are yet",
    "streams_per_connection_max": "streams a peer may have open at once",
    "dials_max": "peers being dialed at once",
    "dial_timeout_ms": "to reach a peer at all of its addresses together",
    "address_timeout_ms": "to connect to one address",
    "stalled_ms": "when all upgrades are taken, the oldest is given up after this",
}


def add_arguments(parser) -> None:
    parser.add_argument("--config", metavar="FILE", help="read FILE (.toml or .json) instead of "
                        "config.toml in the data directory")  # fmt: skip


def run(options, screen: Screen) -> int:
    config = settings.load(DataDir(options.data), options.config, {})
    values = settings.to_values(config)
    lines = []
    for name, default, least, most in KNOBS:
        lines += [f"# {ABOUT[name]}{_bounds(default, least, most)}"]
        lines += [f"{name} = {_toml(values[name])}", ""]
    screen.result(values, "\n".join(lines).rstrip())
    return EXIT_OK


def _bounds(default, least, most) -> str:
    """What a setting may be, in parentheses."""
    if isinstance(default, bool):
        return ""
    if isinstance(default, tuple | list | dict):
        return f" (at most {most})"
    return f" ({', '.join(least)})" if isinstance(default, str) else f" ({least} to {most})"


def _toml(value) -> str:
    """Booleans, whole numbers, words, lists of words and addresses: JSON is TOML for these."""
    import json

    if isinstance(value, list) and len(value) > 1 and "/" in value[0]:
        return "[\n" + "".join([f"  {json.dumps(item)},\n" for item in value]) + "]"
    if isinstance(value, dict):
        rows = [f"{json.dumps(name)} = {_toml(inner)}" for name, inner in value.items()]
        return "{ " + ", ".join(rows) + " }" if rows else "{}"
    return json.dumps(value)
