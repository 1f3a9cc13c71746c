"""Finding and providing, with a running node and without one; a plug-in says what is found."""

import json
import signal
import subprocess
import time

import pytest

from edge.cli import control
from edge.cli.actions import keys
from edge.errors import LocalError
from tests.edge.cli import parrot
from tests.edge.cli.program import Running, command, edge, environment, lines
from tests.edge.cli.test_events_cpython import is_harmless

LOOPBACK = ("--listen", "/ip4/127.0.0.1/tcp/0", "--no-mdns")
PARROT = (*LOOPBACK, "--routing", "static,parrot")
KNOWN, SLOW, NOBODY = [str(peer) for peer in (*parrot.FLOCK[:2], parrot.peer(99))]
WORD = keys.parse("temperature")


@pytest.fixture(scope="module")
def caged(tmp_path_factory):
    """A running node that asks the plug-in, and the environment that has it."""
    more = parrot.install(tmp_path_factory.mktemp("site"))
    with Running(tmp_path_factory.mktemp("node"), *PARROT, **more) as node:
        node.ready()
        yield node, more
        assert node.stop() == 0, node.said()


def ask(caged, *arguments: str, check: int = 0) -> list[dict]:
    node, more = caged
    return lines(edge(*arguments, "--json", "--data", str(node.data), check=check, **more).stdout)


def shown(caged, *arguments: str, check: int = 0) -> subprocess.CompletedProcess[str]:
    node, more = caged
    return edge(*arguments, "--data", str(node.data), check=check, **more)


# find


def test_find_prints_addresses_to_dial(caged) -> None:
    done = shown(caged, "find", KNOWN)
    first, second, hostile = done.stdout.splitlines()
    assert first == f"/ip4/192.0.2.7/tcp/4001/p2p/{KNOWN}" and done.stderr == ""
    assert second == f"/ip6/2001:db8::7/tcp/4001/p2p/{KNOWN}"
    assert is_harmless(hostile) and hostile.endswith(KNOWN)


def test_find_tells_each_address_once(caged) -> None:
    *peers, end = ask(caged, "find", KNOWN)
    assert {event["event"] for event in peers} == {"peer"} and is_harmless(peers)
    told = [address for event in peers for address in event["addresses"]]
    assert len(told) == len(set(told)) == 3
    assert not peers[0]["connected"] and not peers[0]["self"] and not peers[0]["again"]
    assert (end["event"], end["found"], end["complete"]) == ("searched", 1, True)


def test_a_peer_is_found_by_the_end_of_its_id_and_by_an_address_with_it(caged) -> None:
    for what in (KNOWN[-8:], f"/ip4/192.0.2.99/tcp/1/p2p/{KNOWN}"):
        assert ask(caged, "find", what)[0]["peer_id"] == KNOWN


def test_a_node_finds_itself(caged) -> None:
    own = caged[0].peer_id
    peer, _ = ask(caged, "find", own)
    assert peer["self"] and peer["addresses"]
    assert shown(caged, "find", own).stdout.strip().endswith(f"/p2p/{own}")


def test_the_closest_to_a_key(caged) -> None:
    key, *closest, end = ask(caged, "find", "name:temperature", "-n", "5")
    assert (key["event"], key["cid"], key["meaning"]) == ("key", WORD.cid, "name")
    assert key["key"] == WORD.multihash.hex()
    assert [event["event"] for event in closest] == ["closest"] * 5 and end["found"] == 5
    done = shown(caged, "find", WORD.cid, "-n", "3")
    assert len(done.stdout.splitlines()) == 3 and done.stderr == ""
    assert " bits  /ip4/192.0.2.7/tcp/4001 and 1 more" in done.stdout


def test_a_word_that_ends_no_known_id_is_a_key_and_that_is_said(caged) -> None:
    done = shown(caged, "find", "temperature", "-n", "1")
    assert WORD.cid in done.stderr and "no known peer's id ends so" in done.stderr
    assert "ends so" not in shown(caged, "find", "name:temperature", "-n", "1").stderr


def test_who_is_not_there_is_not_found(caged) -> None:
    done = shown(caged, "find", NOBODY, check=1)
    assert f"{NOBODY} was not found" in done.stderr and "edge routing" in done.stderr
    (error,) = ask(caged, "find", NOBODY, check=1)
    assert (error["event"], error["fault"]) == ("error", "LinkError")


def test_one_routing_alone_can_be_asked(caged) -> None:
    assert ask(caged, "find", KNOWN, "--routing", "parrot")[0]["peer_id"] == KNOWN
    ask(caged, "find", KNOWN, "--routing", "static", check=1)
    refused = shown(caged, "find", KNOWN, "--routing", "kad-x", check=1).stderr
    assert "it asks: static, parrot" in refused


# providers


def test_providers_are_as_many_as_wanted(caged) -> None:
    _, *found, end = ask(caged, "providers", "name:anything", "-n", "7")
    assert len({event["peer_id"] for event in found}) == end["found"] == 7
    assert {event["event"] for event in found} == {"provider"} and is_harmless(found)
    done = shown(caged, "providers", "anything", "-n", "2")
    assert len(done.stdout.splitlines()) == 2 and is_harmless(done.stdout.replace("\n", ""))
    assert "the key of anything is bafkrei" in done.stderr


def test_a_search_ends_in_time_with_what_it_has(caged) -> None:
    _, found, end = ask(caged, "providers", "slow", "--timeout", "0.5")
    assert found["event"] == "provider" and not end["complete"]
    assert 500 <= end["took_ms"] < 20000
    late = shown(caged, "find", SLOW, "-t", "0.2", check=1).stderr
    assert "0.2 s were not enough: --timeout allows more" in late


def test_results_come_before_the_search_ends(caged) -> None:
    with following(caged, "providers", "slow", "--json") as process:
        assert json.loads(process.stdout.readline())["event"] == "key"
        assert json.loads(process.stdout.readline())["event"] == "provider"
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        rest, noted = process.communicate(timeout=20)
    assert (process.returncode, rest, noted) == (130, "", "")


@pytest.mark.parametrize("what", [("find", SLOW), ("providers", "slow")])
def test_ctrl_c_ends_a_search(caged, what) -> None:
    with following(caged, *what) as process:
        time.sleep(0.7)
        process.send_signal(signal.SIGINT)
        _, noted = process.communicate(timeout=20)
    assert process.returncode == 130 and "Traceback" not in noted


def test_a_node_that_stops_ends_the_searches_of_others(tmp_path) -> None:
    more = parrot.install(tmp_path)
    with Running(tmp_path / "d", *PARROT, **more) as node:
        node.ready()
        with following((node, more), "providers", "slow", "--json") as process:
            assert json.loads(process.stdout.readline())["event"] == "key"
            assert json.loads(process.stdout.readline())["event"] == "provider"
            assert node.stop() == 0, node.said()
            _, noted = process.communicate(timeout=20)
        assert process.returncode == 1 and "went away in the middle" in noted


@pytest.mark.parametrize(
    "request_",
    [
        {"do": "find"},
        {"do": "find", "what": ["x"]},
        {"do": "find", "what": "x", "count": True},
        {"do": "find", "what": "x", "timeout_ms": -1},
        {"do": "find", "what": "x", "routing": [1]},
        {"do": "find", "what": "/"},
        {"do": "find", "what": "/ip4/192.0.2.1/tcp/1"},
        {"do": "find", "what": "x" * 5000},
        {"do": "providers", "key": 3},
        {"do": "providers", "key": "\ud800"},
        {"do": "provide", "key": ""},
        {"do": "provide", "key": "nobody has said so", "stop": True},
    ],
    ids=str,
)
def test_a_request_that_makes_no_sense_is_the_askers_fault(caged, request_) -> None:
    with pytest.raises(LocalError):
        control.ask(str(caged[0].data / "control"), request_, lambda event: None)


def following(caged, *arguments: str) -> subprocess.Popen[str]:
    line = command(*arguments, "--data", str(caged[0].data))
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env=environment(**caged[1]))  # fmt: skip


def test_a_search_that_fails_says_why_and_a_hostile_reason_does_no_harm(caged) -> None:
    done = shown(caged, "providers", "broken", "--routing", "parrot", check=1)
    assert "nobody was found who provides broken" in done.stderr
    assert "ended early: the cage ?[31mis shut" in done.stderr
    assert "\x1b" not in done.stderr + done.stdout


# provide


def test_what_is_provided_is_listed_found_kept_and_withdrawn(tmp_path) -> None:
    more = parrot.install(tmp_path)
    data = ("--data", str(tmp_path / "node"))
    with Running(tmp_path / "node", *PARROT, **more) as node:
        node.ready()
        assert "provides nothing" in edge("provide", *data).stderr
        done = edge("provide", "temperature", "name:k\u00fcche", *data, LC_ALL="C.UTF-8").stdout
        assert done.splitlines()[0].startswith(
            f"provided   temperature  {WORD.cid}  kept in 1 place,"
        )
        assert "küche" in done
        _, own, _ = lines(edge("providers", "temperature", "-n", "1", "--json", *data).stdout)
        assert own["self"] and own["peer_id"] == node.peer_id
        assert "this node" in edge("providers", WORD.cid, "-n", "1", *data).stdout
        assert node.stop() == 0
    with Running(tmp_path / "node", *PARROT, **more) as node:
        node.ready()
        told = lines(edge("provide", "--json", *data).stdout)
        assert [event["event"] for event in told] == ["provided", "provided"]
        assert told[0]["key"] == WORD.multihash.hex() and told[0]["cid"] == WORD.cid
        assert WORD.cid in edge("provide", "--stop", "temperature", *data).stdout
        assert "is not provided" in edge("provide", "temperature", "--stop", *data, check=1).stderr
        assert len(edge("provide", *data).stdout.splitlines()) == 1
        assert node.stop() == 0, node.said()


def test_provide_needs_a_running_node_and_says_so(tmp_path) -> None:
    for arguments in (("provide", "x"), ("provide",), ("provide", "x", "--stop"), ("routing",)):
        done = edge(*arguments, "--data", str(tmp_path / "d"), check=1)
        assert "no node is running" in done.stderr and "'edge run'" in done.stderr
    assert not (tmp_path / "d").exists()


def test_a_node_without_routing_says_which_setting_does_it(tmp_path) -> None:
    with Running(tmp_path, *LOOPBACK, "--routing", "none") as node:
        node.ready()
        for arguments in (("find", KNOWN), ("providers", "x"), ("provide", "x"), ("routing",)):
            done = edge(*arguments, "--data", str(tmp_path), check=1)
            assert "no peer routing" in done.stderr and "'routing'" in done.stderr
        assert node.stop() == 0


# routing, run


def test_routing_shows_all_in_their_order_and_harmless(caged) -> None:
    joined, static, plug_in = ask(caged, "routing")
    assert joined["event"] == "joined" and joined["asks"] == ["static", "parrot"]
    assert (static["name"], plug_in["name"]) == ("static", "parrot")
    assert is_harmless(plug_in) and plug_in["shelves"] == {"upper": 3, "lower": 0}
    done = shown(caged, "routing").stdout
    assert "\x1b" not in done and "61 s" in done and "never" in done and "upper 3" in done


def test_run_tells_how_a_peer_was_found(caged) -> None:
    node = caged[0]
    found = [event for event in node.told if event["event"] == "found"] or [node.event("found")]
    assert found[0]["source"] == "parrot ?[2J lookup" and is_harmless(found)
    assert found[0]["peer_id"] == KNOWN


def test_a_connection_says_how_its_peer_was_found(tmp_path) -> None:
    with Running(tmp_path / "a", *LOOPBACK) as a:
        there = a.ready()["addresses"][0]
        with Running(tmp_path / "b", *LOOPBACK, "--peer", there) as b:
            assert b.event("connected")["found_by"] == "static"
            assert a.event("connected")["found_by"] == "inbound"


# without a running node


def test_a_command_without_a_node_asks_as_the_node_would(tmp_path) -> None:
    more = parrot.install(tmp_path)
    data = tmp_path / "d"
    data.mkdir(mode=0o700)
    (data / "config.toml").write_text('routing = ["parrot"]\nmdns = false\n')
    done = edge("find", KNOWN, "--data", str(data), **more)
    assert done.stdout.splitlines()[0].endswith(f"/p2p/{KNOWN}")
    found = edge("providers", "x", "-n", "3", "--data", str(data), **more).stdout
    assert len(found.splitlines()) == 3
    assert "was not found" in edge("find", NOBODY, "--data", str(data), check=1, **more).stderr
    assert not (data / "provided").exists() and not (data / "peers").exists()


def test_ctrl_c_ends_a_search_of_a_node_of_its_own(tmp_path) -> None:
    more = parrot.install(tmp_path)
    (tmp_path / "config.toml").write_text('routing = ["parrot"]\nmdns = false\n')
    line = command("providers", "slow", "--json", "--data", str(tmp_path))
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env=environment(**more)) as process:  # fmt: skip
        assert json.loads(process.stdout.readline())["event"] == "key"
        assert json.loads(process.stdout.readline())["event"] == "provider"
        process.send_signal(signal.SIGINT)
        rest, noted = process.communicate(timeout=20)
    assert (process.returncode, rest, noted) == (130, "", "")


# plug-ins


def test_a_routing_nobody_has_is_named_with_what_could_be_meant(tmp_path) -> None:
    more = parrot.install(tmp_path)
    refused = edge("run", *LOOPBACK, "--routing", "kad-len", "--data", str(tmp_path / "d"),
                   check=2, **more).stderr  # fmt: skip
    assert "no routing kad-len; did you mean kad-lan" in refused and "entry point" in refused
    refused = edge("run", "--routing", "parot", "--data", str(tmp_path), check=2, **more).stderr
    assert "did you mean parrot?" in refused
    refused = edge("run", "--routing", "\x1b[2J", "--data", str(tmp_path), check=2).stderr
    assert "no routing ?[2J" in refused and "\x1b" not in refused


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ("tests.edge.cli.parrot:refuse", "ValueError: no ?[31mseed"),
        ("tests.edge.cli.parrot:nothing", "AttributeError"),
        ("no.such.module:x", "ModuleNotFoundError"),
    ],
)
def test_a_plug_in_that_is_broken_is_named(tmp_path, entry, why) -> None:
    more = parrot.install(tmp_path, entry)
    refused = edge("run", *PARROT, "--data", str(tmp_path / "d"), check=1, **more).stderr
    assert why in refused and entry in refused and "--routing" in refused and "\x1b" not in refused


@pytest.mark.parametrize(
    ("line", "why"),
    (
        ("find", "required"),
        ("find /ip4/1.2.3.4/tcp/1", "does not say which peer"),
        ("find /ip9/1.2.3.4", "unknown protocol"),
        ("find name:", "without a letter"),
        ("find x -n 0", "--count must be"),
        ("find x -n 1001", "--count must be"),
        ("find x -t -1", "--timeout must be"),
        ("find x -t nan", "--timeout must be"),
        ("find x -t inf", "--timeout must be"),
        ("find x y", "unrecognized"),
        ("find x -n many", "invalid int"),
        ("providers", "required"),
        ("providers bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52", "not a whole one"),
        ("providers " + "x" * 1025, "more than 1024 bytes"),
        ("provide --stop", "--stop of what"),
        ("provide a name:", "without a letter"),
        ("routing x", "unrecognized"),
        ("run --kad-mode boss", "invalid choice"),
        ("run --bootstrap 1.2.3.4", "1.2.3.4"),
        ("run --routing a,a", "different names"),
        ("run --routing=", "there is no routing"),
    ),
)
def test_a_wrong_command_line_is_told_before_a_node_is_asked(tmp_path, line, why) -> None:
    refused = edge(*line.split(), EDGE_DATA=str(tmp_path / "d"), check=2)
    assert why in refused.stderr and refused.stdout == ""
    assert not (tmp_path / "d").exists() or line.startswith("run --routing=")
