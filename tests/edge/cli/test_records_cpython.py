"""Records by the command line: put, get, ls, watch and store, with a running node and without."""

import base64
import json
import subprocess
import time

import pytest

from edge.cli.commands.records import put as put_command
from edge.errors import LocalError
from tests import kit
from tests.edge.cli.program import Running, command, edge, environment, lines
from tests.edge.cli.test_events_cpython import is_harmless

LOOPBACK = ("--listen", "/ip4/127.0.0.1/tcp/0", "--no-mdns")
OTHER = "12D3KooWGrXRdHrt8Mjk3Sk1dq8mGPGuUUZ8xwUzwqUkEn9QuqBV"


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    with Running(tmp_path_factory.mktemp("node"), *LOOPBACK) as running:
        running.ready()
        yield running
        assert running.stop() == 0, running.said()
        assert not running.noted[1:], running.noted


def ask(node, *arguments: str, check: int = 0, given: str = "") -> subprocess.CompletedProcess[str]:
    return edge(*arguments, "--data", str(node.data), check=check, given=given)


def told(node, *arguments: str) -> list[dict]:
    return lines(ask(node, *arguments, "--json").stdout)


def test_what_is_put_is_got(node) -> None:
    assert "version 0" in ask(node, "put", "greeting", "hello").stdout
    assert ask(node, "get", "greeting").stdout == "hello"
    assert ask(node, "get", f"/edge/{node.peer_id}/greeting").stdout == "hello"
    assert ask(node, "get", f"/edge/{node.peer_id[-8:]}/greeting").stdout == "hello"
    (record,) = told(node, "get", "greeting")
    assert record["name"] == f"/edge/{node.peer_id}/greeting"
    assert base64.b64decode(record["value"]) == b"hello" and record["text"] == "hello"


def test_a_later_one_takes_its_place(node) -> None:
    versions = [told(node, "put", "count", str(number))[0]["version"] for number in range(3)]
    assert versions == [0, 1, 2]
    assert ask(node, "get", "count").stdout == "2"


def test_bytes_stay_what_they_are(node, tmp_path) -> None:
    data = bytes(range(256)) * 4
    (tmp_path / "value").write_bytes(data)
    ask(node, "put", "raw/bytes", "--file", str(tmp_path / "value"))
    got = subprocess.run(command("get", "raw/bytes", "--data", str(node.data)),
                         capture_output=True, env=environment())  # fmt: skip
    assert got.stdout == data
    shown = ask(node, "get", "raw/bytes", "--all").stdout
    assert is_harmless(shown.strip()) and shown.startswith("1024 bytes: 000102")
    ask(node, "put", "raw/text", "--file", "-", given="from a pipe\n")
    assert ask(node, "get", "raw/text").stdout == "from a pipe\n"


def test_a_value_may_be_empty(node) -> None:
    ask(node, "put", "empty", "")
    assert told(node, "get", "empty")[0]["bytes"] == 0
    ask(node, "put", "empty", "--file", "-")
    assert ask(node, "get", "empty").stdout == ""


def test_escapes_of_a_value_do_not_reach_a_terminal(node) -> None:
    ask(node, "put", "nasty", "a\x1b[31mb\x07c")
    assert is_harmless(ask(node, "get", "nasty", "--all").stdout.strip())


def test_ls_tells_what_is_here(node) -> None:
    for name in ("list/a", "list/b", "other"):
        ask(node, "put", name, name)
    *records, end = told(node, "ls", "list/")
    assert [record["name"].rpartition("/edge/")[2].split("/", 1)[1] for record in records] == [
        "list/a", "list/b",
    ]  # fmt: skip
    assert all("value" not in record for record in records)
    assert (end["event"], end["count"], end["complete"]) == ("listed", 2, True)
    assert "list/a" in ask(node, "ls").stdout


def test_watch_shows_what_changes(node) -> None:
    line = command("watch", "seen/", "--json", "--data", str(node.data))
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, env=environment()) as watching:
        assert json.loads(watching.stdout.readline())["event"] == "watching"
        ask(node, "put", "unseen", "1")
        ask(node, "put", "seen/it", "2")
        assert json.loads(watching.stdout.readline())["text"] == "2"
        ask(node, "store", "remove", "seen/it")
        assert json.loads(watching.stdout.readline())["event"] == "removed"
        watching.terminate()


def test_rules_are_kept(node) -> None:
    ask(node, "put", "short", "1", "--ttl", "300ms")
    time.sleep(0.5)
    assert "there is no record of" in ask(node, "get", "short", check=1).stderr
    ask(node, "put", "old", "1", "--until", "2027-01-31T12:00:00Z")
    (record,) = told(node, "get", "old")
    assert record["scheme"] == "range" and record["lifetime_ms"] > 0
    ask(node, "put", "log", "first", "--chain")
    (second,) = told(node, "put", "log", "second", "--chain")
    assert (second["scheme"], second["version"]) == ("chain", 1)
    ask(node, "put", "beacon", "tick", "--chain")
    ask(node, "put", "alarm", "on", "--fresh", f"{node.peer_id}:1")
    assert ask(node, "get", "alarm").stdout == "on"
    for _ in range(2):
        ask(node, "put", "beacon", "tick", "--chain")
    assert "there is no record of" in ask(node, "get", "alarm", check=1).stderr


@pytest.mark.parametrize(
    ("arguments", "said", "code"),
    [
        (("put", "a"), "give a value", 2),
        (("put", "a", "1", "--file", "x"), "give a value", 2),
        (("put", "a", "--file", "/no/such"), "cannot read", 2),
        (("put", "a", "1", "--ttl", "soon"), "no time span", 2),
        (("put", "a", "1", "--until", "tomorrow"), "no date", 2),
        (("put", "a", "1", "--ttl", "1s", "--chain"), "by one rule", 2),
        (("put", "a", "1", "--from", "2030-01-01", "--until", "2029-01-01"), "ends before", 1),
        (("put", "a", "1", "--until", "2500-01-01"), "2286", 2),
        (("put", "../a", "1"), "path", 1),
        (("put", "a" * 36, "1"), "path", 1),
        (("put", f"/ipns/{OTHER}", "1"), "another", 1),
        (("put", f"/edge/{OTHER}/a", "1"), "another", 1),
        (("put", "a", "x" * 9000), "at most", 1),
        (("get", "nothing/here"), "there is no record", 1),
        (("get", "/what/ever"), "a name is", 1),
        (("store", "remove"), "edge store remove NAME", 2),
        (("store", "remove", "nothing/here"), "no record", 1),
    ],
)  # fmt: skip
def test_what_is_wrong_is_explained(node, arguments, said, code) -> None:
    done = ask(node, *arguments, check=code)
    assert said in done.stderr, done.stderr


def test_the_store_tells_how_it_is(node) -> None:
    (status,) = told(node, "store")
    assert status["time"]["trusted"] is True
    assert "time" in ask(node, "store").stdout
    assert told(node, "store", "forget-time")[0]["event"] == "time"


def test_the_store_is_checked_exported_and_imported(node, tmp_path) -> None:
    ask(node, "put", "export/a", "1")
    ask(node, "put", "export/b", "2")
    assert told(node, "store", "check")[-1]["damaged"] == 0
    assert "damaged" in ask(node, "store", "repair").stdout
    exported = ask(node, "store", "export", "export/").stdout
    assert len(exported.splitlines()) == 2
    (tmp_path / "all.jsonl").write_text(exported)
    other = ("--data", str(tmp_path / "other"))
    done = edge("store", "import", str(tmp_path / "all.jsonl"), "--json", *other)
    assert lines(done.stdout) == [{"event": "imported", "new": 2, "known": 0, "refused": 0}]
    assert edge("get", f"/edge/{node.peer_id}/export/b", *other).stdout == "2"
    forged = exported.replace('"bundle": "C', '"bundle": "D')
    assert forged != exported
    done = edge("store", "import", "--json", *other, given=exported + forged)
    assert lines(done.stdout) == [{"event": "imported", "new": 0, "known": 2, "refused": 2}]
    assert "warning" in done.stderr
    assert "line 1 is no" in edge("store", "import", *other, given="x", check=2).stderr
    assert "cannot read" in edge("store", "import", "/no/such", *other, check=2).stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--records", "flahs"), "did you mean flash?"),
        (("--records", "tiered"), "there is no record store tiered"),
        (("--records", "flash,s3"), "s3 has no bucket"),
        (("--follow", "/what/ever"), "no names begin with"),
        (("--follow", "/edge/nobody/"), ""),
    ],
)  # fmt: skip
def test_stores_that_cannot_be_are_told_at_the_start(tmp_path, options, said) -> None:
    done = edge("run", *LOOPBACK, *options, "--data", str(tmp_path), check=None)
    assert done.returncode in (1, 2) and said in done.stderr and done.stderr, done.stderr


def test_commands_without_a_node_wait_for_each_other(tmp_path) -> None:
    line = [command("put", f"n{number}", "1", "--data", str(tmp_path)) for number in range(4)]
    edge("id", "--data", str(tmp_path))
    at_once = [subprocess.Popen(one, env=environment(), stdout=subprocess.DEVNULL) for one in line]
    assert [one.wait(60) for one in at_once] == [0] * 4
    assert len(edge("ls", "--data", str(tmp_path)).stdout.splitlines()) == 4


def test_damage_is_told(tmp_path) -> None:
    for number in range(4):
        edge("put", f"n{number}", "v" * 100, "--data", str(tmp_path))
    for path in (tmp_path / "records").iterdir():
        if path.name.startswith("seg") or path.suffix == ".log" or path.stat().st_size < 4096:
            data = bytearray(path.read_bytes())
            if len(data) > 200 and b"n1" in data:
                data[data.index(b"n1") + 20] ^= 1
                path.write_bytes(data)
    shown = edge("store", "check", "--data", str(tmp_path), check=None)
    assert shown.returncode == 1 and "damaged" in shown.stdout, shown.stdout
    edge("store", "repair", "--data", str(tmp_path), check=None)
    assert edge("get", "n2", "--data", str(tmp_path)).stdout == "v" * 100
    assert edge("get", "n1", "--data", str(tmp_path), check=1).stdout == ""


def test_records_survive_and_need_no_running_node(tmp_path) -> None:
    data = tmp_path / "data"
    edge("put", "kept", "1", "--data", str(data))
    assert edge("get", "kept", "--data", str(data)).stdout == "1"
    with Running(data, *LOOPBACK) as running:
        running.ready()
        assert ask(running, "get", "kept").stdout == "1"
        assert told(running, "put", "kept", "2")[0]["version"] == 1
        running.process.kill()
        running.process.wait()
    assert edge("get", "kept", "--data", str(data)).stdout == "2"
    assert "0 damaged" in edge("store", "check", "--data", str(data)).stdout  # a torn end is none
    mode = {path.stat().st_mode & 0o077 for path in data.rglob("*")}
    assert mode == {0}


def test_a_command_that_can_open_no_store_says_so(tmp_path) -> None:
    (tmp_path / "config.toml").write_text('records = ["kad"]\n')
    said = edge("store", "--data", str(tmp_path), check=1).stderr
    assert "no store of kad" in said and "flash" in said


def test_a_new_node_that_follows_somebody_begins_by_itself(tmp_path) -> None:
    edge("put", "followed", "1", "--data", str(tmp_path / "owner"))
    with Running(tmp_path / "owner", *LOOPBACK) as owner:
        address = owner.ready()["addresses"][0]
        follow = ("--follow", f"/edge/{owner.peer_id}/", "--peer", address)
        _followed_by_a_new_node(tmp_path, follow)


def _followed_by_a_new_node(tmp_path, follow: tuple[str, ...]) -> None:
    with Running(tmp_path / "data", *LOOPBACK, *follow) as follower:
        follower.ready()
        until = time.monotonic() + 15
        kept: list[str] = []
        while "followed" not in "".join(kept) and time.monotonic() < until:
            time.sleep(0.1)
            logs = (tmp_path / "data" / "records").glob("*.beg")
            kept = [path.read_bytes().decode("latin-1") for path in logs]
    assert "followed" in "".join(kept)


def test_time_spans_and_moments() -> None:
    spans = [put_command.time_span(text) for text in ("500ms", "1s", "1.5min", "2m", "12h", "7d")]
    assert spans == [500, 1000, 90000, 120000, 43200000, 604800000]
    assert put_command.moment("2027-01-31T12:00:00Z") == 1801396800 * 10**9
    assert put_command.moment("2027-01-31T12:00:00.000001+00:00") == 1801396800 * 10**9 + 1000
    for wrong in ("", "1", "s", "-1s", "1y", "nans", "infs"):
        kit.raises(LocalError, put_command.time_span, wrong)
    for wrong in ("", "1969-12-31", "0001-01-01", "9999-99-99"):
        kit.raises(LocalError, put_command.moment, wrong)
