"""`edge run`: a node in the foreground, for people, pipes and service managers alike."""

from edge.cli import EXIT_OK, UsageError, lean, settings
from edge.cli.data_dir import DataDir
from edge.cli.screen import Screen

SUMMARY = """\
Start a node and keep it running.  It prints its peer id and addresses, then the peers it finds
and connects to.  Ctrl-C or SIGTERM stops it with a goodbye to everyone, a second one at once."""
EXAMPLES = """\
  edge run                                          all interfaces, port 4001, mDNS
  edge run --listen /ip4/127.0.0.1/tcp/0 --no-mdns  this machine only, any port
  edge run --peer /ip4/192.0.2.7/tcp/4001/p2p/12D3KooW...
  edge run --bootstrap /dnsaddr/peers.example.org --routing static,mdns,kad-wan
  edge run --follow /edge/12D3KooW.../              keep that peer's records, too
  edge run --serial /dev/ttyUSB0                    and whoever is at the other end of a cable
  edge run --serial ttyAMA0~921600~rtscts --no-listen --no-mdns          that cable only
  edge run --serial ttyUSB0~115200~bus              and all who share those two wires (RS-485)
  edge run --json | jq .event                       one object a line
  edge run --trace talk.pcap                        all bytes, for Wireshark
"""


def add_arguments(parser) -> None:
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--listen", metavar="ADDR", action="append",
                       help="listen on this multiaddr; may be repeated (default: "
                       "/ip4/0.0.0.0/tcp/4001 and /ip6/::/tcp/4001)")  # fmt: skip
    where.add_argument("--no-listen", action="store_true", help="only dial")
    parser.add_argument("--peer", metavar="ADDR", action="append",
                        help="stay connected to it; ends in /p2p/...; may be repeated")  # fmt: skip
    parser.add_argument("--serial", metavar="PORT", action="append", help="stay connected to who "
                        "is at the other end of this cable ('edge serial ls' lists the ports); "
                        "PORT~921600~rtscts: so fast (default: 115200), with RTS/CTS; may be "
                        "repeated")  # fmt: skip
    parser.add_argument("--serial-peer", metavar="ID", help="take no other peer there")
    parser.add_argument("--no-mdns", action="store_true", help="neither announce nor find peers")
    parser.add_argument("--routing", metavar="NAME,...", help="whom to ask for peers and keys, in "
                        "this order: static, mdns, kad-edge, kad-lan, kad-wan or a plug-in; "
                        "none: nobody (default: the first four)")  # fmt: skip
    parser.add_argument("--bootstrap", metavar="ADDR", action="append", help="ask this peer first; "
                        "/dnsaddr/... and no /p2p/... will do; may be repeated")  # fmt: skip
    parser.add_argument("--kad-mode", choices=("auto", "client", "server"), help="answer the "
                        "kad requests of others or not (default: auto)")  # fmt: skip
    parser.add_argument("--records", metavar="NAME,...", help="the stores of records, near ones "
                        "first: flash, memory, mdns, kad, s3; none: no records "
                        "(default: flash,mdns,kad)")  # fmt: skip
    parser.add_argument("--follow", metavar="PREFIX", action="append", help="keep records of "
                        "others, too, whose names begin so; may be repeated")  # fmt: skip
    parser.add_argument("--perf", action="store_true", help="let peers measure throughput")
    parser.add_argument("--trace", metavar="FILE", help="write all traffic to a pcap file")
    parser.add_argument("--config", metavar="FILE", help="read FILE (.toml or .json) instead of "
                        "config.toml in the data directory")  # fmt: skip


def run(options, screen: Screen) -> int:
    lean.load()  # before anything that hashes or waits
    data = DataDir(options.data)
    config = settings.load(data, options.config, overrides(options))
    data.create()
    owned = data.lock()
    try:
        key, is_new = data.open_identity()
        if is_new:
            screen.notice(f"this is a new peer; its key is {data.identity_path}")
        from edge.cli.service import Service
        from edge.system import aio

        screen.never_wait()
        aio.run(Service(data, key, config, screen).run(owned, options.trace))
    finally:
        data.unlock()
    return EXIT_OK


def overrides(options) -> dict:
    """What the command line says about settings."""
    values: dict = {}
    if options.listen or options.no_listen:
        values["listen"] = options.listen or []
    if options.peer:
        values["peers"] = options.peer
    if options.serial:
        values["serial"] = _ports(options)
    elif options.serial_peer:
        raise UsageError("--serial-peer ID belongs to a --serial PORT")
    if options.no_mdns:
        values["mdns"] = False
    if options.routing is not None:
        names = options.routing.split(",")
        values["routing"] = [] if names == ["none"] else names
    if options.bootstrap:
        values["bootstrap"] = options.bootstrap
    if options.kad_mode:
        values["kad_mode"] = options.kad_mode
    if options.records is not None:
        names = options.records.split(",")
        values["records"] = [] if names == ["none"] else names
    if options.follow:
        values["records_follow"] = options.follow
    if options.perf:
        values["perf"] = True
    return values


def _ports(options) -> list[str]:
    """The ports of --serial, as addresses."""
    from edge.cli.machine.ports import to_address

    if options.serial_peer and len(options.serial) > 1:
        raise UsageError(
            "--serial-peer ID is for one --serial PORT\n"
            "where there are more, each names its peer: --serial PORT/p2p/ID"
        )
    return [to_address(port, options.serial_peer or "") for port in options.serial]
