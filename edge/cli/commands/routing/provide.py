"""`edge provide`: what this node has, told to those who may be asked for it."""

from edge.cli import EXIT_OK, UsageError, session
from edge.cli.screen import Screen, counted, duration
from edge.errors import printable

SUMMARY = """\
Tell that the running node has KEY, from now on and after each restart, until --stop.  Others
find it with 'edge providers KEY'.  Without a KEY: list what this node provides.

A KEY is a CID in any base (its multihash is the key), a multihash in hex or base58, or any other
text: then the key is the SHA2-256 of its UTF-8, shown as a CID, as in go-libp2p's routing
discovery.  name:TEXT is the key of TEXT whatever else TEXT may look like."""
EXAMPLES = """\
  edge provide temperature             this node has what is called so
  edge provide bafkrei... bafybei...   blocks, by their CIDs
  edge provide temperature --stop      it has it no more
  edge provide                         what it provides
"""


def add_arguments(parser) -> None:
    parser.add_argument("keys", metavar="KEY", nargs="*", help="what this node has")
    parser.add_argument("--stop", action="store_true", help="tell it no more")


def run(options, screen: Screen) -> int:
    if options.stop and not options.keys:
        raise UsageError("--stop of what?  'edge provide' lists what is provided")

    listed: list[str] = []

    def show(event: dict) -> None:
        listed.append(event["cid"])
        screen.result(event, _text(screen, event))

    wanted = [session.key(text) for text in options.keys]
    for text in wanted:
        doing = "withdrawing" if options.stop else "telling peers of"
        screen.progress(f"{doing} {printable(text)} ...")
        request = {"do": "provide", "key": text, "stop": options.stop}
        session.ask_running(options, request, show)
    if not wanted:
        session.ask_running(options, {"do": "provide"}, show)
    if not listed:
        screen.notice("this node provides nothing")
    return EXIT_OK


def _text(screen: Screen, event: dict) -> str:
    name = f"{event['text']}  " if event["meaning"] == "name" else ""
    cid = screen.paint("bold", event["cid"])
    if event["event"] == "withdrawn":
        return f"withdrawn  {name}{cid}"
    if "told" not in event:
        return f"provided   {cid}"
    heard = f"kept in {counted(event['told'], 'place')}" if event["told"] else "nobody to tell yet"
    return f"provided   {name}{cid}  {heard}, {duration(event['took_ms'])}"
