"""Peers and keys found by real nodes: by mDNS on a LAN, by Kademlia, remembered over a restart."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.edge.cli.program import Running, edge, lines
from tests.edge.cli.test_survival_cpython import eventually, meet, start, two_on_a_lan
from tests.lan_cpython import Lan

pytestmark = pytest.mark.slow

LOOPBACK = ("--listen", "/ip4/127.0.0.1/tcp/0", "--no-mdns")


@contextmanager
def chain(folder: Path, *options: str) -> Iterator[list[Running]]:
    """Three nodes, each of the later two told of the one before."""
    with (
        Running(folder / "a", *LOOPBACK, *options) as a,
        Running(folder / "b", *LOOPBACK, *options, "--bootstrap", a.ready()["addresses"][0]) as b,
        Running(folder / "c", *LOOPBACK, *options, "--bootstrap", anonymous(b)) as c,
    ):
        c.ready()
        yield [a, b, c]
        assert [node.stop() for node in (a, b, c)] == [0, 0, 0]


def anonymous(node: Running) -> str:
    """An address of a node that does not say who is there."""
    return node.ready()["addresses"][0].rpartition("/p2p/")[0]


def ask(node: Running, *arguments: str, check: int | None = 0) -> list[dict]:
    done = edge(*arguments, "--json", "--data", str(node.data), check=check)
    return lines(done.stdout)


def contacts(node: Running, name: str = "kad-edge") -> set[str]:
    """Who is in a table of that node."""
    (table,) = [one for one in ask(node, "routing", "--peers") if one.get("name") == name]
    return {row["peer_id"] for row in table["peers"]}


@pytest.mark.parametrize("name", ["kad-edge", "kad-lan"])
def test_peers_and_providers_are_found_through_others(tmp_path, name) -> None:
    with chain(tmp_path, "--routing", name, "--kad-mode", "server") as (a, b, c):
        assert b.event("found")["source"] == "bootstrap"
        found = c.event("found", peer_id=a.peer_id)
        assert found["source"] == "random walk"
        eventually(lambda: contacts(c, name) == {a.peer_id, b.peer_id})
        (peer, *_) = ask(c, "find", a.peer_id)
        assert peer["peer_id"] == a.peer_id and peer["addresses"]
        assert ask(a, "provide", "temperature")[0]["told"] >= 1
        providers = [one for one in ask(c, "providers", "temperature") if "peer_id" in one]
        assert [one["peer_id"] for one in providers] == [a.peer_id]
        closest = [one for one in ask(b, "find", "name:temperature") if "peer_id" in one]
        assert {one["peer_id"] for one in closest} == {a.peer_id, c.peer_id}
        bits = [one["bits"] for one in closest]
        assert bits == sorted(bits, reverse=True)


def test_a_client_asks_and_is_not_asked(tmp_path) -> None:
    with (
        Running(tmp_path / "a", *LOOPBACK) as a,
        Running(tmp_path / "b", *LOOPBACK, "--kad-mode", "client", "--bootstrap",
                a.ready()["addresses"][0]) as b,
    ):  # fmt: skip
        b.ready()
        eventually(lambda: contacts(b) == {a.peer_id})
        modes = {one["mode"] for one in ask(b, "routing") if "mode" in one}
        assert modes == {"client"} and contacts(a) == set()
        assert ask(b, "find", a.peer_id)[0]["peer_id"] == a.peer_id
        assert a.stop() == b.stop() == 0


def test_contacts_are_known_again_after_a_restart(tmp_path) -> None:
    with chain(tmp_path) as (a, _, c):
        eventually(lambda: a.peer_id in contacts(c))
        assert c.stop() == 0
        with Running(tmp_path / "c", *LOOPBACK) as again:
            again.ready()
            assert again.event("found", peer_id=a.peer_id)["source"] == "last time"
            assert again.stop() == 0


def test_a_dial_of_an_id_alone_finds_the_way(tmp_path) -> None:
    with chain(tmp_path) as (a, b, c):
        eventually(lambda: a.peer_id in contacts(b))
        edge("ping", a.peer_id, "-c", "1", "--data", str(c.data))


# on a LAN


def test_a_key_is_found_on_the_lan_by_a_node_and_without_one(tmp_path) -> None:
    with two_on_a_lan(tmp_path) as (lan, a, b):
        hosts = [tuple(lan.command(number)) for number in (0, 1)]
        for keys in (("temperature", "pressure"), ("temperature",)):
            edge("provide", *keys, "--data", str(a.data), prefix=hosts[0])
        for name in ("mdns", "kad-edge", "kad-lan"):
            _, found, _ = lines(edge("providers", "temperature", "--routing", name, "--json",
                                     "--data", str(b.data), prefix=hosts[1]).stdout)  # fmt: skip
            assert found["peer_id"] == a.peer_id and found["addresses"]
        for arguments in (("providers", "temperature", "-n", "1"), ("find", a.peer_id),
                          ("find", a.peer_id[-8:]), ("find", "name:temperature")):  # fmt: skip
            done = edge(*arguments, "--data", str(tmp_path / "guest"), prefix=hosts[1])
            assert a.peer_id in done.stdout
        assert not (tmp_path / "guest" / "peers").exists()
        nobody = edge("providers", "humidity", "--data", str(b.data), check=1, prefix=hosts[1])
        assert "nobody was found who provides humidity" in nobody.stderr


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
def test_mdns_alone_finds_peers_and_keys(tmp_path, family) -> None:
    options = {"ipv4": family == "ipv4", "ipv6": family == "ipv6"}
    only = ("--routing", "mdns")
    with (
        Lan(2, **options) as lan,
        start(lan, 0, tmp_path, *only) as a,
        start(lan, 1, tmp_path, *only) as b,
    ):
        meet(a, b)
        found = [event for event in a.told + b.told if event["event"] == "found"]
        assert {(event["source"], event["interface"]) for event in found} == {("mdns", "eth0")}
        edge("provide", "temperature", "--data", str(a.data), prefix=tuple(lan.command(0)))
        host = tuple(lan.command(1))
        for data in (b.data, tmp_path / "guest"):
            done = edge("providers", "temperature", "--routing", "mdns", "-n", "1",
                        "--data", str(data), prefix=host)  # fmt: skip
            assert done.stdout.startswith(a.peer_id)
        edge("provide", "temperature", "--stop", "--data", str(a.data),
             prefix=tuple(lan.command(0)))  # fmt: skip
        ask_again = ("providers", "temperature", "--data", str(b.data))
        eventually(lambda: edge(*ask_again, check=None, prefix=host).returncode == 1)
        assert a.stop() == b.stop() == 0
