"""`edge id`: who this node is."""

from edge.cli import EXIT_OK, control
from edge.cli.data_dir import DataDir
from edge.cli.screen import Screen
from edge.identity.peer_id import PeerId

SUMMARY = """\
Print the peer id on the first line, then the addresses of the running node, if there is one.
The identity is made if there is none, so that it is known before the first start."""
EXAMPLES = """\
  edge id                              peer id and addresses
  edge id | head -n 1                  the peer id alone
"""


def add_arguments(parser) -> None:
    del parser


def run(options, screen: Screen) -> int:
    data = DataDir(options.data)
    answers: list[dict] = []
    if control.ask(data.control_path, {"do": "status"}, answers.append):
        status = answers[0]
    else:
        key, is_new = data.open_identity()
        if is_new:
            screen.notice(f"this is a new peer; its key is {data.identity_path}")
        status = {"event": "status", "peer_id": str(PeerId.from_public_key(key.public)),
                  "addresses": []}  # fmt: skip
    screen.result(
        status, "\n".join([screen.paint("bold", status["peer_id"]), *status["addresses"]])
    )
    return EXIT_OK
