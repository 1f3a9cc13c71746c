"""Every verb of `edge`, with a running node and without one."""

import base64
import json
import os
import signal
import stat
import subprocess

import pytest

from edge.cli import COMMANDS
from edge.cli.commands.node import config as config_command
from edge.cli.commands.swarm import perf as perf_command
from edge.config import KNOBS, NodeConfig
from edge.errors import LocalError
from edge.identity.keys import PrivateKey
from tests import kit
from tests.edge.cli.program import ROOT, Running, command, edge, environment, lines

VERBS = [name for name, _, _ in COMMANDS]
LOOPBACK = ("--listen", "/ip4/127.0.0.1/tcp/0", "--no-mdns")
GHOST = "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA"
SEED = bytes(range(32))


@pytest.fixture(scope="module")
def nodes(tmp_path_factory):
    """Two running nodes; the second one knows the first and serves perf."""
    folder = tmp_path_factory.mktemp("n")
    with Running(folder / "a", *LOOPBACK) as a:
        there = a.ready()
        with Running(folder / "b", *LOOPBACK, "--perf", "--peer", there["addresses"][0]) as b:
            b.ready()
            b.event("connected")
            yield a, b, there["peer_id"], edge("id", "--data", str(b.data)).stdout.split()[0]
            assert b.stop() == 0
        assert a.stop() == 0


# help, usage


def test_help_names_every_verb() -> None:
    shown = edge("--help").stdout
    assert all(f"\n  {verb} " in shown for verb in VERBS)
    assert edge(check=2).stdout == shown


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_examples_and_exit_codes(verb) -> None:
    shown = edge(verb, "--help").stdout
    assert "examples:" in shown and f"edge {verb}" in shown and "exit codes:" in shown
    assert max(len(line) for line in shown.splitlines()) <= 100


def test_what_cannot_be_understood_is_said_with_what_could_be_meant() -> None:
    assert "did you mean 'edge peers'" in edge("peer", check=2).stderr
    assert "the command comes first" in edge("--json", "peers", check=2).stderr
    assert "--cuont" in edge("ping", "x", "--cuont", check=2).stderr
    assert "\x1b" not in edge("\x1b[2J", check=2).stderr


def test_help_of_a_verb_can_be_asked_for_in_words() -> None:
    assert edge("help", "ping").stdout == edge("ping", "--help").stdout


def test_ctrl_c_while_the_program_loads_leaves_no_traceback(tmp_path) -> None:
    slow = "import time, os, signal\nos.kill(os.getpid(), signal.SIGINT)\ntime.sleep(5)\n"
    (tmp_path / "argparse.py").write_text(slow)  # the first thing the program loads
    stopped = edge("peers", check=130, PYTHONPATH=f"{tmp_path}{os.pathsep}{ROOT}")
    assert stopped.stdout == stopped.stderr == ""


def test_version() -> None:
    assert edge("--version").stdout.startswith("edge 0.")


# id and key


def test_id_is_known_before_the_first_start(tmp_path) -> None:
    first = edge("id", "--data", str(tmp_path / "d"))
    assert first.stdout.startswith("12D3KooW") and "new peer" in first.stderr
    again = edge("id", "--data", str(tmp_path / "d"))
    assert again.stdout == first.stdout and again.stderr == ""
    assert stat.S_IMODE(os.stat(tmp_path / "d").st_mode) == 0o700


def test_the_directory_comes_from_the_environment(tmp_path) -> None:
    edge("id", EDGE_DATA=str(tmp_path / "e"))
    edge("id", STATE_DIRECTORY=str(tmp_path / "s"))
    edge("id", XDG_STATE_HOME=str(tmp_path / "x"))
    edge("id", HOME=str(tmp_path / "h"), XDG_STATE_HOME="")
    places = ("e", "s", "x/libp2p-edge", "h/.local/state/libp2p-edge")
    assert all((tmp_path / place / "identity.key").exists() for place in places)


def test_id_of_a_running_node_has_its_addresses(nodes) -> None:
    a, _, peer_id, _ = nodes
    shown = edge("id", "--data", str(a.data)).stdout.splitlines()
    assert shown[0] == peer_id and shown[1].endswith("/p2p/" + peer_id)


def test_a_key_is_made_once(tmp_path) -> None:
    data = ("--data", str(tmp_path))
    edge("key", "show", *data, check=1)
    made = edge("key", "new", *data).stdout
    kept = (tmp_path / "identity.key").read_bytes()
    refused = edge("key", "new", *data, check=1)
    assert "--force" in refused.stderr
    assert (tmp_path / "identity.key").read_bytes() == kept
    assert edge("key", "show", *data).stdout == made
    forced = edge("key", "new", "--force", *data)
    assert forced.stdout != made and "identity.key.old1" in forced.stderr
    assert (tmp_path / "identity.key.old1").read_bytes() == kept
    assert stat.S_IMODE(os.stat(tmp_path / "identity.key.old1").st_mode) == 0o600


def pem(seed: bytes) -> str:
    der = bytes.fromhex("302e020100300506032b657004220420") + seed
    return "-----BEGIN PRIVATE KEY-----\n%s\n-----END PRIVATE KEY-----\n" % (
        base64.b64encode(der).decode()
    )


@pytest.mark.parametrize("form", ["raw", "base64", "hex", "seed", "pem"])
def test_a_key_comes_in_many_forms(tmp_path, form) -> None:
    key = PrivateKey.from_seed(SEED)
    forms = {
        "raw": key.encode(),
        "base64": base64.b64encode(key.encode()) + b"\n",
        "hex": key.encode().hex().encode(),
        "seed": SEED.hex().encode() + b"\n",
        "pem": pem(SEED).encode(),
    }
    (tmp_path / "key").write_bytes(forms[form])
    edge("key", "import", str(tmp_path / "key"), "--data", str(tmp_path / "d"))
    assert (tmp_path / "d" / "identity.key").read_bytes() == key.encode()


def test_a_key_goes_out_and_in(tmp_path) -> None:
    first = ("--data", str(tmp_path / "a"))
    made = edge("id", *first).stdout
    text = edge("key", "export", *first).stdout
    second = ("--data", str(tmp_path / "b"))
    edge("key", "import", *second, given=text)
    assert edge("id", *second).stdout == made
    place = str(tmp_path / "out")
    edge("key", "export", place, *first)
    assert stat.S_IMODE(os.stat(place).st_mode) == 0o600
    edge("key", "export", place, *first, check=1)
    edge("key", "export", place, "--force", *first)


@pytest.mark.parametrize("junk", ["", "junk", "00" * 31, pem(b"")[:60], "CAASAA=="])
def test_what_is_no_key_is_refused(tmp_path, junk) -> None:
    refused = edge("key", "import", "--data", str(tmp_path / "d"), given=junk, check=2)
    assert "holds no key" in refused.stderr
    assert not (tmp_path / "d").exists()


def test_another_kind_of_key_is_named(tmp_path) -> None:
    rsa = base64.b64encode(b"\x08\x00\x12\x04abcd").decode()
    assert (
        "not Ed25519" in edge("key", "import", "--data", str(tmp_path), given=rsa, check=2).stderr
    )


# config


def test_config_prints_what_it_reads(tmp_path) -> None:
    import tomllib

    shown = edge("config", "--data", str(tmp_path)).stdout
    assert NodeConfig(tomllib.loads(shown)).connections_auto_max == 16
    (tmp_path / "config.toml").write_text(shown.replace("mdns = true", "mdns = false"))
    values = json.loads(edge("config", "--json", "--data", str(tmp_path)).stdout)
    assert values["mdns"] is False
    assert set(values) == {name for name, *_ in KNOBS}


def test_every_setting_is_described_and_every_limit_can_be_set() -> None:
    from edge.swarm.limits import Limits

    names = {name for name, *_ in KNOBS}
    assert set(config_command.ABOUT) == names
    assert {name for name in vars(Limits) if not name.startswith("_")} <= names


# commands that speak to a peer


def test_ping_of_a_running_node_by_id_end_and_address(nodes) -> None:
    a, b, first, second = nodes
    data = ("--data", str(a.data))
    shown = edge("ping", second, "-c", "3", "-i", "0.01", *data).stdout.splitlines()
    assert [line.split()[:2] for line in shown[:3]] == [["pong", str(n)] for n in (1, 2, 3)]
    assert shown[3].startswith("3 round trips")
    (pong,) = lines(edge("ping", second[-8:], "-c", "1", "--json", *data).stdout)
    assert pong["peer_id"] == second and 0 < pong["rtt_ms"] < 5000
    address = edge("id", "--data", str(b.data)).stdout.split()[1]
    edge("ping", address, "-c", "1", *data)
    assert "that is this node" in edge("ping", first, *data, check=1).stderr


def test_ping_without_a_running_node(nodes, tmp_path) -> None:
    address = edge("id", "--data", str(nodes[0].data)).stdout.split()[1]
    shown = edge("ping", address, "-c", "2", "-i", "0", "--data", str(tmp_path)).stdout
    assert "2 round trips" in shown
    anonymous = address.rpartition("/p2p/")[0]
    assert "1 round trips" in edge("ping", anonymous, "-c", "1", "--data", str(tmp_path)).stdout


def test_pings_that_cannot_be(nodes) -> None:
    data = ("--data", str(nodes[0].data))
    unknown = edge("ping", GHOST, *data, check=1).stderr
    assert "no address is known" in unknown and "/p2p/" + GHOST in unknown
    assert "no known peer's id ends in" in edge("ping", "zzzzzz", *data, check=1).stderr
    refused = edge("ping", "/ip4/127.0.0.1/tcp/1/p2p/" + GHOST, *data, check=1).stderr
    assert "edge id" in refused and "edge doctor" in refused


def test_a_key_from_a_closed_input_is_none(tmp_path) -> None:
    closed = ("sh", "-c", 'exec "$@" <&-', "sh")
    refused = edge("key", "import", "--data", str(tmp_path), prefix=closed, check=2)
    assert "standard input holds no key" in refused.stderr


def test_a_file_that_is_no_configuration_is_refused(tmp_path) -> None:
    for name in ("deep.json", "deep.toml"):
        (tmp_path / name).write_text("a = " * name.endswith("toml") + "[" * 50000)
        assert name in edge("config", "--config", str(tmp_path / name), check=2).stderr
    assert "is longer than" in edge("config", "--config", "/dev/zero", check=2).stderr
    assert "cannot read" in edge("config", "--config", str(tmp_path), check=2).stderr


@pytest.mark.parametrize(
    ("line", "why"),
    (
        ("ping zz", "names no peer"),
        ("dial /ip5/1", "unknown protocol"),
        ("perf /ip4/300.0.0.1/tcp/1", "not a number up to 255"),
        ("ping abcd -c 0", "-c must be"),
        ("ping abcd -c 1000001", "-c must be"),
        ("ping abcd -i -1", "-i must be"),
        ("ping abcd -i nan", "-i must be"),
        ("ping abcd -i inf", "-i must be"),
        ("perf abcd --upload 65G", "64G at most"),
        ("perf abcd --download " + "9" * 5000, "64G at most"),
        ("key new a.key", "takes no file"),
        ("run --no-listen --listen /ip4/127.0.0.1/tcp/0", "not allowed with"),
        ("peers --data=", "--data"),
    ),
)
def test_a_wrong_command_line_is_told_before_a_node_is_asked(tmp_path, line, why) -> None:
    refused = edge(*line.split(), EDGE_DATA=str(tmp_path / "d"), check=2)
    assert why in refused.stderr and refused.stdout == ""
    assert not (tmp_path / "d").exists()


def test_many_pings_at_once_take_turns(nodes) -> None:
    a, _, _, second = nodes
    line = command("ping", second, "-c", "3", "-i", "0.05", "--data", str(a.data))
    many = [subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                             env=environment()) for _ in range(12)]  # fmt: skip
    ends = [(process.communicate(timeout=60), process.returncode) for process in many]
    assert [code for _, code in ends] == [0] * len(many), ends


def test_an_impostor_is_told(nodes, tmp_path) -> None:
    address = edge("id", "--data", str(nodes[0].data)).stdout.split()[1]
    wrong = address.rpartition("/")[0] + "/" + GHOST
    assert GHOST in edge("ping", wrong, "--data", str(tmp_path), check=1).stderr


def test_dial_shows_what_the_peer_says(nodes) -> None:
    a, _, _, second = nodes
    (card,) = lines(edge("dial", second, "--json", "--data", str(a.data)).stdout)
    assert card["peer_id"] == second and card["agent_version"].startswith("libp2p-edge/")
    assert "/ipfs/ping/1.0.0" in card["protocols"] and "/perf/1.0.0" in card["protocols"]
    shown = edge("dial", second, "--data", str(a.data)).stdout
    assert shown.startswith("peer id     " + second) and "/ipfs/ping/1.0.0" in shown


def test_peers_lists_the_connected_and_the_known(nodes) -> None:
    a, _, _, second = nodes
    peer = next(p for p in lines(edge("peers", "--json", "--data", str(a.data)).stdout)
                if p.get("peer_id") == second)  # fmt: skip
    assert peer["connected"] and peer["direction"] == "inbound"
    row = edge("peers", "--data", str(a.data)).stdout.splitlines()[0]
    assert row.startswith(second + "  inbound")


def test_peers_follow_tells_what_happens_next(nodes, tmp_path) -> None:
    a = nodes[0]
    line = command("peers", "--follow", "--json", "--data", str(a.data))
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, env=environment()) as follower:
        while json.loads(follower.stdout.readline())["event"] != "listed":
            pass
        address = edge("id", "--data", str(a.data)).stdout.split()[1]
        edge("ping", address, "-c", "1", "--data", str(tmp_path))
        names = [json.loads(follower.stdout.readline())["event"] for _ in range(2)]
        follower.send_signal(signal.SIGINT)
    assert names == ["connected", "disconnected"]
    assert follower.returncode == 130


def test_perf_measures_both_ways_where_it_is_allowed(nodes, tmp_path) -> None:
    a, b, first, second = nodes
    runs = lines(edge("perf", second, "--upload", "2M", "--download", "300K", "--json",
                      "--data", str(a.data)).stdout)  # fmt: skip
    assert [(run["direction"], run["bytes"]) for run in runs] == [
        ("upload", 2 << 20), ("download", 300 << 10),
    ]  # fmt: skip
    refused = edge("perf", first, "--data", str(b.data), check=1)
    assert "does not offer" in refused.stderr and "edge run --perf" in refused.stderr


def test_sizes() -> None:
    assert [perf_command.size(text) for text in ("0", "10", "1K", "2m", "1G")] == [
        0, 10, 1024, 2 << 20, 1 << 30,
    ]  # fmt: skip
    for wrong in ("", "K", "1.5M", "-1", "1KB", "1KK"):
        kit.raises(LocalError, perf_command.size, wrong)


def test_ctrl_c_ends_a_ping_with_its_summary(nodes) -> None:
    a, _, _, second = nodes
    line = command("ping", second, "-c", "1000", "-i", "0.01", "--data", str(a.data))
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env=environment()) as process:  # fmt: skip
        assert process.stdout.readline().startswith("pong 1")
        process.send_signal(signal.SIGINT)
        rest, noted = process.communicate(timeout=20)
    assert process.returncode == 130 and "round trips" in rest and noted == ""


def test_ctrl_c_ends_a_node_of_its_own_without_a_traceback(nodes, tmp_path) -> None:
    address = edge("id", "--data", str(nodes[0].data)).stdout.split()[1]
    line = command("ping", address, "-c", "1000", "-i", "0.01", "--data", str(tmp_path))
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env=environment()) as process:  # fmt: skip
        assert process.stdout.readline().startswith("pong 1")
        process.send_signal(signal.SIGINT)
        rest, noted = process.communicate(timeout=20)
    assert process.returncode == 130 and "round trips" in rest and noted == ""


def test_a_pipe_that_closes_ends_a_command_quietly(nodes) -> None:
    a, _, _, second = nodes
    line = command("ping", second, "-c", "1000", "-i", "0.01", "--data", str(a.data))
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env=environment()) as process:  # fmt: skip
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(20) == 0


# doctor


def test_doctor_says_what_works_and_what_to_do(tmp_path) -> None:
    done = edge("doctor", "--json", "--data", str(tmp_path), check=None)
    found = lines(done.stdout)
    assert {event["event"] for event in found} == {"check"}
    names = [event["name"] for event in found]
    for name in ("python", "packages", "data", "identity", "node", "network", "clock", "files"):
        assert name in names
    assert all(event["advice"] for event in found if event["level"] != "ok")
    assert done.returncode == (1 if any(event["level"] == "fail" for event in found) else 0)
    assert os.listdir(tmp_path) == []


def test_doctor_notices_a_running_node_and_an_open_identity(nodes, tmp_path) -> None:
    found = edge("doctor", "--data", str(nodes[0].data), check=None).stdout
    assert f"a node is running (process {nodes[0].process.pid})" in found
    edge("id", "--data", str(tmp_path))
    os.chmod(tmp_path / "identity.key", 0o644)
    found = edge("doctor", "--data", str(tmp_path), check=None).stdout
    assert "other users can read the identity" in found and "chmod 600" in found
    assert stat.S_IMODE(os.stat(tmp_path / "identity.key").st_mode) == 0o644
    (tmp_path / "identity.key").write_bytes(b"junk")
    found = edge("doctor", "--data", str(tmp_path), check=1).stdout
    assert "fail" in found and "identity.key" in found
