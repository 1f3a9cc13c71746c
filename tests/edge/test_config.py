"""NodeConfig: defaults, bounds, and what it says about a knob nobody knows."""

from edge import config
from edge.config import NodeConfig
from edge.errors import LocalError
from tests import kit

PEER = "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA"


def refused(values: dict) -> str:
    return str(kit.raises(LocalError, NodeConfig, values))


def test_defaults_need_no_dict() -> None:
    settings = NodeConfig()
    assert [str(address) for address in settings.listen] == [
        "/ip4/0.0.0.0/tcp/4001",
        "/ip6/::/tcp/4001",
    ]
    assert settings.peers == []
    assert settings.mdns is True
    assert settings.perf is False


def test_every_default_is_within_its_bounds() -> None:
    NodeConfig(dict([(knob[0], knob[1]) for knob in config.KNOBS]))


def test_values_are_taken() -> None:
    settings = NodeConfig({"mdns": False, "connections_auto_max": 0, "listen": []})
    assert settings.mdns is False
    assert settings.connections_auto_max == 0
    assert settings.listen == []


def test_a_table_is_for_who_knows_it() -> None:
    given = {"bucket": "readings"}
    settings = NodeConfig({"s3": given})
    assert settings.s3 == given and settings.s3 is not given
    assert NodeConfig().s3 == {}
    for wrong in ("readings", 1, ["readings"], None):
        assert "s3 must be a table" in refused({"s3": wrong})


def test_the_callers_dict_stays_as_it_was() -> None:
    values = {"mdns": False}
    NodeConfig(values)
    assert values == {"mdns": False}


def test_an_unknown_name_is_an_error_that_names_the_nearest() -> None:
    for wrong, right in (
        ("conections_auto", "connections_auto_max"),
        ("mDNS", "mdns"),
        ("listen_addresses", "listen"),
        ("peer", "peers"),
        ("save_interval", "save_interval_s"),
        ("reconnect_interval_ms", "reconnect_interval_s"),
    ):
        text = refused({wrong: 1})
        assert wrong in text and "did you mean " + right + "?" in text, text


def test_a_hostile_name_is_printed_harmlessly() -> None:
    assert "\x1b" not in refused({"\x1b[2J": 1})


def test_switches_are_true_or_false() -> None:
    for wrong in (1, 0, "yes", None):
        assert refused({"mdns": wrong}) == "mdns must be true or false"


def test_numbers_are_whole_and_within_bounds() -> None:
    for wrong in (-1, 1025, 1.5, "3", None, True):
        text = refused({"connections_auto_max": wrong})
        assert text == "connections_auto_max must be a whole number from 0 to 1024"


def test_addresses_are_a_list_of_multiaddrs() -> None:
    for wrong in ("/ip4/127.0.0.1/tcp/1", 4001, None, {"a": 1}):
        assert refused({"listen": wrong}) == "listen must be a list of at most 16 multiaddrs"
    refused({"listen": ["127.0.0.1:4001"]})
    refused({"listen": ["/ip4/127.0.0.1/tcp/1"] * 17})


def test_peers_need_an_identity() -> None:
    assert "/p2p/" in refused({"peers": ["/ip4/10.0.0.1/tcp/4001"]})
    settings = NodeConfig({"peers": ["/ip4/10.0.0.1/tcp/4001/p2p/" + PEER]})
    assert str(settings.peers[0]).endswith(PEER)


def test_names_are_a_list_and_differ() -> None:
    for wrong in (
        "mdns",
        ["mdns", "mdns"],
        [1],
        [["mdns"]],
        [{}],
        None,
        [str(n) for n in range(17)],
    ):
        assert refused({"routing": wrong}) == "routing must be a list of at most 16 different names"
    assert NodeConfig({"routing": []}).routing == []
    assert NodeConfig().routing[0] == "static"


def test_a_choice_is_one_of_those_there_are() -> None:
    for wrong in ("", "AUTO", None, 1, True, ["auto"]):
        assert refused({"kad_mode": wrong}) == "kad_mode must be one of auto, client, server"
    assert NodeConfig({"kad_mode": "client"}).kad_mode == "client"


if __name__ == "__main__":
    kit.run(globals())
