"""`edge run` as a process: what it says, what it keeps, how it ends."""

import json
import os
import signal
import socket
import stat
import subprocess
import time

import pytest

from tests.edge.cli.program import WAIT_S, Running, command, edge, environment

LOOPBACK = ("--listen", "/ip4/127.0.0.1/tcp/0", "--no-mdns")


def run(data, *arguments: str, **more: str) -> Running:
    return Running(data, *LOOPBACK, *arguments, **more)


def test_ready_says_who_and_where(tmp_path) -> None:
    with run(tmp_path / "d") as node:
        ready = node.ready()
        assert ready["peer_id"].startswith("12D3KooW")
        (address,) = ready["addresses"]
        assert address.startswith("/ip4/127.0.0.1/tcp/")
        assert address.endswith("/p2p/" + ready["peer_id"])
        assert ready["agent"].startswith("libp2p-edge/")
        assert ready["pid"] == node.process.pid
        assert node.stop() == 0
    assert any("new peer" in line for line in node.noted)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_cleanly(tmp_path, number) -> None:
    with run(tmp_path) as node:
        node.ready()
        assert node.stop(number) == 0
        assert not [line for line in node.noted if "Traceback" in line]
    assert sorted(os.listdir(tmp_path)) == ["identity.key", "lock"]


def test_the_identity_is_private_and_stays(tmp_path) -> None:
    with run(tmp_path) as node:
        first = node.ready()["peer_id"]
        node.stop()
    assert stat.S_IMODE(os.stat(tmp_path / "identity.key").st_mode) == 0o600
    kept = (tmp_path / "identity.key").read_bytes()
    with run(tmp_path) as node:
        assert node.ready()["peer_id"] == first
        node.stop()
    assert (tmp_path / "identity.key").read_bytes() == kept


def test_nothing_in_the_directory_is_for_others_whatever_the_umask(tmp_path) -> None:
    data = tmp_path / "shared"
    data.mkdir(mode=0o755)
    with run(data, prefix=("sh", "-c", 'umask 0; exec "$@"', "sh")) as node:
        address = node.ready()["addresses"][0]
        edge("ping", address, "-c", "1", "--data", str(tmp_path / "other"))
        there = list(data.iterdir())
        assert all(stat.S_IMODE(entry.lstat().st_mode) == 0o600 for entry in there), there
        node.stop()
    there = list(data.iterdir())
    assert {"identity.key", "lock", "record-seq"} <= {entry.name for entry in there}
    assert all(stat.S_IMODE(entry.lstat().st_mode) == 0o600 for entry in there), there


def test_two_nodes_tell_of_each_other(tmp_path) -> None:
    with run(tmp_path / "a") as a:
        there = a.ready()
        with run(tmp_path / "b", "--peer", there["addresses"][0]) as b:
            here = b.ready()
            seen = b.event("connected")
            assert (seen["peer_id"], seen["direction"]) == (there["peer_id"], "outbound")
            seen = a.event("connected")
            assert (seen["peer_id"], seen["direction"]) == (here["peer_id"], "inbound")
            assert b.stop() == 0
        assert a.event("disconnected")["peer_id"] == here["peer_id"]
        assert a.stop() == 0


def test_a_node_that_restarts_alone_remembers_whom_it_knew(tmp_path) -> None:
    with run(tmp_path / "a") as a:
        there = a.ready()
        with run(tmp_path / "b", "--peer", there["addresses"][0]) as b:
            b.event("connected")
            b.stop()
        a.stop()
    known = edge("peers", "--json", "--data", str(tmp_path / "b")).stdout
    assert there["peer_id"] in known


def test_a_second_node_on_the_same_directory_is_refused(tmp_path) -> None:
    with run(tmp_path) as node:
        node.ready()
        refused = edge("run", *LOOPBACK, "--data", str(tmp_path), check=1)
        assert "another node (process" in refused.stderr and "--data" in refused.stderr
        assert f"{node.process.pid}" in refused.stderr
        status = edge("id", "--json", "--data", str(tmp_path))
        assert f'"pid":{node.process.pid}' in status.stdout
        assert node.stop() == 0


def test_a_killed_node_leaves_nothing_that_keeps_the_next_from_starting(tmp_path) -> None:
    with run(tmp_path) as node:
        first = node.ready()["peer_id"]
        node.process.kill()
        node.process.wait()
    assert (tmp_path / "control").exists()
    with run(tmp_path) as node:
        assert node.ready()["peer_id"] == first
        assert node.stop() == 0


def test_a_taken_port_is_an_error_where_it_was_asked_for(tmp_path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"/ip4/127.0.0.1/tcp/{taken.getsockname()[1]}"
        refused = edge("run", "--listen", address, "--no-mdns", "--data", str(tmp_path), check=1)
    assert "cannot listen on 127.0.0.1" in refused.stderr


def test_sigterm_in_the_middle_of_a_dial(tmp_path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        ghost = "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA"
        address = f"/ip4/127.0.0.1/tcp/{silent.getsockname()[1]}/p2p/{ghost}"
        with run(tmp_path, "--peer", address) as node:
            node.ready()
            silent.settimeout(WAIT_S)
            half_open, _ = silent.accept()
            started = time.monotonic()
            assert node.stop() == 0
            assert time.monotonic() - started < 8  # not until the handshake is given up
            half_open.close()


def test_a_second_signal_does_not_wait(tmp_path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        with run(tmp_path / "d") as node:
            node.ready()
            node.process.send_signal(signal.SIGSTOP)
            node.process.send_signal(signal.SIGINT)
            node.process.send_signal(signal.SIGCONT)
            node.process.send_signal(signal.SIGINT)
            assert node.process.wait(WAIT_S) in (0, -signal.SIGINT)


def test_the_service_manager_is_told(tmp_path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(WAIT_S)
        more = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "200000"}
        with run(tmp_path / "d", **more) as node:
            first = manager.recv(4096).decode()
            assert first.startswith("READY=1\nSTATUS=12D3KooW")
            for _ in range(3):
                assert manager.recv(4096) == b"WATCHDOG=1"
            assert node.stop() == 0
        told = b"WATCHDOG=1"
        while told == b"WATCHDOG=1":
            told = manager.recv(4096)
        assert told == b"STOPPING=1"


@pytest.mark.parametrize("supervised", [True, False])
def test_only_under_a_service_manager_a_node_outlives_its_reader(tmp_path, supervised) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        more = {"NOTIFY_SOCKET": str(tmp_path / "notify")} if supervised else {}
        line = command("run", "--json", *LOOPBACK, "--data", str(tmp_path / "a"))
        with subprocess.Popen(line, stdout=subprocess.PIPE, env=environment(**more)) as a:
            there = json.loads(a.stdout.readline())
            a.stdout.close()
            with run(tmp_path / "b", "--peer", there["addresses"][0]) as b:
                b.event("connected")
                time.sleep(0.5)
            assert (a.poll() is None) is supervised
            a.terminate()
            assert a.wait(WAIT_S) == 0


def test_a_terminal_that_closes_does_not_end_what_was_told_to_stay(tmp_path) -> None:
    with run(tmp_path, prefix=("nohup",)) as node:
        node.ready()
        node.process.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        assert node.process.poll() is None
        assert node.stop() == 0


def test_closed_streams_and_odd_paths_are_no_reason_to_fail(tmp_path) -> None:
    odd = os.fsencode(tmp_path) + b"/\xff\xfe dir"
    shell = ("sh", "-c", 'exec "$@" >&- 2>&-', "sh")
    line = command("id", "--data", os.fsdecode(odd), prefix=shell)
    assert subprocess.run(line, env=environment(), check=False).returncode == 0
    shown = edge("key", "show", "--data", os.fsdecode(odd), LC_ALL="C").stdout
    assert "identity.key" in shown


def test_people_see_lines(tmp_path) -> None:
    line = command("run", *LOOPBACK, "--data", str(tmp_path))
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, env=environment()) as process:
        first, second = process.stdout.readline(), process.stdout.readline()
        process.terminate()
    assert first.startswith("peer id       12D3KooW")
    assert second.startswith("listening     /ip4/127.0.0.1/tcp/")
    assert process.returncode == 0


def test_a_trace_is_a_capture_file(tmp_path) -> None:
    trace = tmp_path / "talk.pcap"
    with run(tmp_path / "a", "--trace", str(trace)) as a:
        there = a.ready()
        edge("ping", there["addresses"][0], "-c", "1", "--data", str(tmp_path / "b"))
        assert a.stop() == 0
    captured = trace.read_bytes()
    assert captured[:4] in (b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4", b"\x4d\x3c\xb2\xa1")
    assert b"/multistream/1.0.0" in captured


# What is wrong with the configuration or the directory is said, and nothing is overwritten.


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('lissen = ["/ip4/127.0.0.1/tcp/0"]', "no setting lissen; did you mean listen?"),
        ("mdns = 3", "mdns must be true or false"),
        ("connections_auto_max = -1", "connections_auto_max must be a whole number"),
        ('listen = ["127.0.0.1:4001"]', "127.0.0.1:4001"),
        ("mdns = true\nperf = ", "Invalid value"),
        ("\x00", "config.toml"),
    ],
)
def test_a_wrong_configuration_is_explained(tmp_path, text, said) -> None:
    (tmp_path / "config.toml").write_text(text)
    refused = edge("run", "--data", str(tmp_path), check=2)
    assert said in refused.stderr and "config.toml" in refused.stderr
    assert (tmp_path / "config.toml").read_text() == text
    assert os.listdir(tmp_path) == ["config.toml"]


def test_a_configuration_file_counts_and_the_command_line_more(tmp_path) -> None:
    (tmp_path / "my.json").write_text('{"mdns": false, "listen": ["/ip4/127.0.0.1/tcp/0"]}')
    with Running(tmp_path / "d", "--config", str(tmp_path / "my.json")) as node:
        assert node.ready()["addresses"][0].startswith("/ip4/127.0.0.1/")
        node.stop()
    with Running(tmp_path / "d", "--config", str(tmp_path / "my.json"), "--no-listen") as node:
        assert node.ready()["addresses"] == []
        node.stop()
    missing = edge("run", "--config", str(tmp_path / "none.toml"), check=2)
    assert "there is no configuration file" in missing.stderr


@pytest.mark.parametrize("junk", [b"", b"junk", bytes(68), b"\x08\x01\x12\x40" + bytes(64)])
def test_a_damaged_identity_is_left_as_it_is(tmp_path, junk) -> None:
    (tmp_path / "identity.key").write_bytes(junk)
    refused = edge("run", *LOOPBACK, "--data", str(tmp_path), check=1)
    assert "identity.key" in refused.stderr and "left as it is" in refused.stderr
    assert (tmp_path / "identity.key").read_bytes() == junk
    for verb in (("id",), ("key", "show"), ("peers",), ("ping", "abcdef")):
        edge(*verb, "--data", str(tmp_path), check=1)
    assert (tmp_path / "identity.key").read_bytes() == junk


@pytest.mark.parametrize("junk", [b"not a peer store", bytes(600 * 1024)])
def test_a_peer_store_that_is_none_is_set_aside(tmp_path, junk) -> None:
    (tmp_path / "peers").write_bytes(junk)
    shown = edge("peers", "--data", str(tmp_path))
    assert "no peer is remembered" in shown.stderr
    assert (tmp_path / "peers").read_bytes() == junk  # a guest changes nothing
    for number in (1, 2):
        (tmp_path / "peers").write_bytes(junk)
        with run(tmp_path) as node:
            node.ready()
            assert node.stop() == 0
        kept = tmp_path / f"peers.old{number}"
        assert kept.read_bytes() == junk
        assert f"it is kept in {kept}" in "\n".join(node.noted)


def test_a_peer_store_with_damage_is_kept_and_used(tmp_path) -> None:
    with run(tmp_path / "a") as a:
        there = a.ready()
        with run(tmp_path / "b", "--peer", there["addresses"][0]) as b:
            b.event("connected")
            b.stop()
        stored = bytearray((tmp_path / "b" / "peers").read_bytes())
        stored[-1] ^= 1
        (tmp_path / "b" / "peers").write_bytes(stored)
        with run(tmp_path / "b") as b:
            b.ready()
            b.stop()
        a.stop()
    assert any("damaged" in line for line in b.noted)
    assert (tmp_path / "b" / "peers.old1").read_bytes() == stored


def test_a_directory_that_is_a_file_is_an_error(tmp_path) -> None:
    (tmp_path / "d").write_text("mine")
    refused = edge("run", "--data", str(tmp_path / "d"), check=1)
    assert str(tmp_path / "d") in refused.stderr
    assert (tmp_path / "d").read_text() == "mine"


def test_a_file_in_the_way_of_the_control_socket_stays(tmp_path) -> None:
    (tmp_path / "control").write_text("mine")
    with run(tmp_path) as node:
        node.ready()
        assert node.stop() == 0
    assert any("in the way" in line for line in node.noted), node.said()
    assert (tmp_path / "control").read_text() == "mine"
