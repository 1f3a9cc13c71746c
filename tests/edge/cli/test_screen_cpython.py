"""What a terminal, a pipe and a program see of the same results."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

from edge.cli import screen
from edge.cli.screen import Screen

ROOT = Path(__file__).parents[3]
ROWS = [("12D3KooWabc", "connected"), ("12D3KooWdefghi", "known")]

SHOW = """
from edge.cli.screen import Screen
s = Screen()
s.progress("looking ...")
s.result({"event": "x"}, s.paint("green", "done"))
s.table(("peer", "state"), [("a", "b")])
s.warning("careful")
"""


def on_terminal(code: str, **environment: str) -> str:
    """What ``code`` writes on a terminal of its own."""
    ours, theirs = pty.openpty()
    settings = {**os.environ, "TERM": "xterm", **environment}
    settings.setdefault("PYTHONPATH", str(ROOT))
    process = subprocess.Popen([sys.executable, "-c", code], stdout=theirs, stderr=theirs,
                               cwd=ROOT, env=settings)  # fmt: skip
    os.close(theirs)
    shown = b""
    while True:
        try:
            part = os.read(ours, 4096)
        except OSError:
            break
        if not part:
            break
        shown += part
    os.close(ours)
    assert process.wait(10) == 0
    return shown.decode()


def test_a_pipe_sees_plain_lines(capsys) -> None:
    shown = Screen()
    shown.result({"event": "x"}, shown.paint("green", "done"))
    shown.table(("peer", "state"), ROWS)
    shown.progress("never seen")
    taken = capsys.readouterr()
    assert taken.out == "done\n12D3KooWabc     connected\n12D3KooWdefghi  known\n"
    assert taken.err == ""


def test_json_is_one_object_a_line_and_pure_ascii(capsys) -> None:
    shown = Screen(as_json=True, colour=True)
    shown.result({"event": "x", "text": "\x1b[2J\u202e"}, "for people")
    shown.result({"event": "y"})
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["x", "y"]
    assert all(32 <= ord(letter) < 127 for line in lines for letter in line)


def test_notices_and_errors_stay_out_of_the_results(capsys) -> None:
    shown = Screen()
    shown.notice("a")
    shown.warning("b")
    shown.error("c")
    taken = capsys.readouterr()
    assert taken.out == ""
    assert taken.err == "a\nwarning: b\nerror: c\n"


def test_a_terminal_sees_colours_headers_and_progress() -> None:
    shown = on_terminal(SHOW)
    assert "\x1b[32mdone\x1b[0m" in shown
    assert "peer  state" in shown
    assert "looking ..." in shown and "\r\x1b[K" in shown
    assert "\x1b[33mwarning: \x1b[0mcareful" in shown


def test_no_color_and_dumb_terminals_are_respected() -> None:
    assert "\x1b[32m" not in on_terminal(SHOW, NO_COLOR="1")
    assert "\x1b[32m" not in on_terminal(SHOW, TERM="dumb")


def test_a_node_does_not_wait_for_a_reader_who_does_not_read() -> None:
    reader, writer = os.pipe()
    code = """
from edge.cli.screen import Screen
s = Screen()
s.never_wait()
for i in range(5000):
    s.result({}, "x" * 100)
s.notice("still here")
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=writer, cwd=ROOT,
                               stderr=subprocess.PIPE)  # fmt: skip
    os.close(writer)
    _, noted = process.communicate(timeout=20)
    assert noted == b"still here\n"
    taken = os.read(reader, 1 << 20)
    os.close(reader)
    assert taken.endswith(b"x\n") and len(taken) < 100000


def test_durations_are_short() -> None:
    given = (0.421, 12.3, 999, 1300, 59000, 119000, 600000, 7200000, 86400000 * 3)
    assert [screen.duration(value) for value in given] == [
        "0.42 ms", "12 ms", "999 ms", "1.3 s", "59 s", "119 s", "10 min", "2 h", "3 d",
    ]  # fmt: skip
