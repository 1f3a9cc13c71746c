"""`edge perf`: how fast bytes travel to a peer and back."""

from edge.cli import EXIT_OK, PERF_BYTES_MAX, UsageError, session
from edge.cli.screen import Screen, duration
from edge.errors import printable

SUMMARY = """\
Measure the throughput to a peer and back, over an encrypted connection (/perf/1.0.0).
The peer must allow it: an edge node does when it was started with 'edge run --perf'."""
EXAMPLES = """\
  edge perf 12D3KooW...                64 MiB there, 64 MiB back
  edge perf 12D3KooW... --upload 1G --download 0
"""

_DIGITS_MAX = 20  # of a size; Python refuses to read very many
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_RATES = ((1e9, "Gbit/s"), (1e6, "Mbit/s"), (1e3, "kbit/s"))


def add_arguments(parser) -> None:
    parser.add_argument("peer", help="peer id, its end, or a multiaddr")
    parser.add_argument("--upload", default="64M", metavar="SIZE",
                        help="bytes to send, also with K, M or G (default: 64M)")  # fmt: skip
    parser.add_argument("--download", default="64M", metavar="SIZE",
                        help="bytes to ask for (default: 64M)")  # fmt: skip


def run(options, screen: Screen) -> int:
    def show(event: dict) -> None:
        rate = screen.paint("green", _rate(event["bits_per_second"]))
        screen.result(event, f"{event['direction'].ljust(8)}  {rate}  "
                      f"({event['bytes']} bytes in {duration(event['ms'])})")  # fmt: skip

    request = {
        "do": "perf",
        "peer": session.peer(options.peer),
        "upload_bytes": size(options.upload),
        "download_bytes": size(options.download),
    }
    screen.progress("measuring ...")
    session.ask(options, screen, request, show)
    return EXIT_OK


def size(text: str) -> int:
    """The number of bytes that ``64M`` or ``1000`` stands for."""
    number, unit = text.rstrip("KMGkmg"), text.lstrip("0123456789").upper()
    if not number.isdigit() or unit not in _UNITS:
        raise UsageError(f"{printable(text)} is no size: write 1000, 64K, 64M or 1G")
    if len(number) > _DIGITS_MAX or int(number) * _UNITS[unit] > PERF_BYTES_MAX:
        raise UsageError(f"{printable(text)} is too much: {PERF_BYTES_MAX >> 30}G at most")
    return int(number) * _UNITS[unit]


def _rate(bits_per_second: float) -> str:
    for size_bits, unit in _RATES:
        if bits_per_second >= size_bits:
            return f"{bits_per_second / size_bits:.2f} {unit}"
    return f"{bits_per_second:.0f} bit/s"
