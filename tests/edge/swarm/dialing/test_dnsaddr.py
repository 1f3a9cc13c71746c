"""What a /dnsaddr stands for: what is kept of what a zone says, and how much of it."""

from edge.errors import LinkError
from edge.swarm.dialing import dnsaddr
from edge.system import aio
from edge.wire.multiaddr import Multiaddr
from tests import kit

A = "/p2p/12D3KooWLU2znyJMtDiHArqAGbZn8CgUGp92kxDBtefftEEaHSZS"
B = "/p2p/12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA"


class Zone:
    """TXT records by name; what is an exception is raised."""

    def __init__(self, records: dict) -> None:
        self.records = records
        self.asked: list = []

    async def lookup(self, name: str) -> list:
        self.asked.append(name)
        found = self.records.get(name, [])
        if isinstance(found, Exception):
            raise found
        return [text.encode() if isinstance(text, str) else text for text in found]


async def resolve(text: str, records) -> list:
    """The texts of what ``text`` stands for."""
    zone = records if isinstance(records, Zone) else Zone(records)
    return [str(found) for found in await dnsaddr.resolve(Multiaddr(text), zone.lookup)]


async def test_what_a_name_says():
    zone = Zone({"_dnsaddr.x.org": ["dnsaddr=/ip4/192.0.2.1/tcp/1" + A, "v=spf1 -all"]})
    assert await resolve("/dnsaddr/x.org", zone) == ["/ip4/192.0.2.1/tcp/1" + A]
    assert zone.asked == ["_dnsaddr.x.org"]


async def test_only_what_ends_as_asked():
    said = ["/ip4/192.0.2.1/tcp/1" + A, "/ip4/192.0.2.2/tcp/1" + B, "/ip4/192.0.2.3/tcp/1"]
    said += ["/ip4/192.0.2.4/tcp/1" + A + "/p2p-circuit" + B, A]  # in the middle; nothing else
    zone = {"_dnsaddr.x.org": ["dnsaddr=" + text for text in said]}
    assert await resolve("/dnsaddr/x.org" + A, zone) == said[:1]
    assert await resolve("/dnsaddr/x.org/tcp/1" + B, zone) == said[1:2]
    assert await resolve("/dnsaddr/x.org/p2p-circuit" + B, zone) == said[3:4]
    assert await resolve("/dnsaddr/x.org/tcp/1", zone) == said[2:3]
    assert await resolve("/dnsaddr/x.org", zone) == said


async def test_bytes_that_look_like_the_suffix_are_not_it():
    # /tcp/1 is 06 0001, and this address ends with those bytes, too
    zone = {"_dnsaddr.x.org": ["dnsaddr=/ip4/192.6.0.1", "dnsaddr=/ip4/192.0.2.1/tcp/1"]}
    assert await resolve("/dnsaddr/x.org/tcp/1", zone) == ["/ip4/192.0.2.1/tcp/1"]


async def test_garbage_is_passed_over():
    said = ["", "dnsaddr=", "dnsaddr", "dnsaddr=no", "dnsaddr=/ip4/192.0.2.1/tcp", b"dnsaddr=\xff"]
    said += ["dnsaddr=/nothing/1", "dnsaddr=/ip4/192.0.2.1/tcp/1/p2p/short"]
    said += ["dnsaddr=/" + 2000 * "x", "DNSADDR=/ip4/192.0.2.1/tcp/1", " dnsaddr=/ip4/1.1.1.1"]
    said += ["dnsaddr=/unix/tmp/s", "dnsaddr=/memory/1", "dnsaddr=/ip6zone/lo/ip6/fe80::1/tcp/1"]
    zone = {"_dnsaddr.x.org": said}
    assert await resolve("/dnsaddr/x.org", zone) == []


async def test_names_lead_on():
    zone = Zone(
        {
            "_dnsaddr.x.org": ["dnsaddr=/dnsaddr/eu.x.org" + A, "dnsaddr=/dnsaddr/us.x.org" + B],
            "_dnsaddr.eu.x.org": ["dnsaddr=/ip4/192.0.2.1/tcp/1" + A, "dnsaddr=/ip4/192.0.2.9" + B],
            "_dnsaddr.us.x.org": ["dnsaddr=/dns4/us.x.org/tcp/1" + B],
        }
    )
    assert await resolve("/dnsaddr/x.org" + A, zone) == ["/ip4/192.0.2.1/tcp/1" + A]
    assert zone.asked == ["_dnsaddr.x.org", "_dnsaddr.eu.x.org"]
    found = await resolve("/dnsaddr/x.org", zone)
    assert found == ["/ip4/192.0.2.1/tcp/1" + A, "/dns4/us.x.org/tcp/1" + B]


async def test_a_loop_ends():
    zone = Zone({"_dnsaddr.a": ["dnsaddr=/dnsaddr/b"], "_dnsaddr.b": ["dnsaddr=/dnsaddr/a"]})
    assert await resolve("/dnsaddr/a", zone) == []
    assert zone.asked == ["_dnsaddr.a", "_dnsaddr.b"]


async def test_only_so_deep():
    def zone(depth: int) -> Zone:
        said = {"_dnsaddr.{}".format(i): ["dnsaddr=/dnsaddr/" + str(i + 1)] for i in range(depth)}
        said["_dnsaddr." + str(depth)] = ["dnsaddr=/ip4/192.0.2.1/tcp/1"]
        return Zone(said)

    deepest = zone(dnsaddr.DEPTH_MAX - 1)
    assert await resolve("/dnsaddr/0", deepest) == ["/ip4/192.0.2.1/tcp/1"]
    deeper = zone(dnsaddr.DEPTH_MAX)
    assert await resolve("/dnsaddr/0", deeper) == []
    assert len(deeper.asked) == dnsaddr.DEPTH_MAX


async def test_only_so_many():
    said = ["dnsaddr=/ip4/192.0.2.1/tcp/{}".format(port + 1) for port in range(101)]
    found = await resolve("/dnsaddr/x.org", {"_dnsaddr.x.org": said})
    assert len(found) == dnsaddr.RESOLVED_MAX == 100
    twice = await resolve("/dnsaddr/x.org", {"_dnsaddr.x.org": said[:2] + said[:2]})
    assert len(twice) == 2


async def test_only_so_many_names_are_asked_for():
    names = ["dnsaddr=/dnsaddr/{}".format(i) for i in range(200)]
    zone = Zone({"_dnsaddr.x.org": names})
    assert await resolve("/dnsaddr/x.org", zone) == []
    assert len(zone.asked) == dnsaddr.LOOKUPS_MAX


async def test_no_such_name():
    assert await resolve("/dnsaddr/x.org", {}) == []
    assert await resolve("/dnsaddr/x.org", {"_dnsaddr.x.org": []}) == []


async def test_nobody_answers():
    error = await kit.raises_async(
        LinkError, resolve("/dnsaddr/x.org", {"_dnsaddr.x.org": LinkError("unplugged")})
    )
    assert str(error) == "/dnsaddr/x.org: unplugged"


async def test_a_part_that_cannot_be_had_is_left_out():
    zone = {
        "_dnsaddr.x.org": ["dnsaddr=/dnsaddr/y.org", "dnsaddr=/ip4/192.0.2.1/tcp/1"],
        "_dnsaddr.y.org": LinkError("unplugged"),
    }
    assert await resolve("/dnsaddr/x.org", zone) == ["/ip4/192.0.2.1/tcp/1"]


async def test_time_is_bounded():
    class Slow(Zone):
        async def lookup(self, name: str) -> list:
            if name == "_dnsaddr.y.org":
                await aio.Event().wait()
            return await Zone.lookup(self, name)

    before, dnsaddr.TIMEOUT_MS = dnsaddr.TIMEOUT_MS, 50
    try:
        error = await kit.raises_async(LinkError, resolve("/dnsaddr/y.org", Slow({})))
        assert "no answer within 50 ms" in str(error)
        said = ["dnsaddr=/ip4/192.0.2.1/tcp/1", "dnsaddr=/dnsaddr/y.org"]
        found = await resolve("/dnsaddr/x.org", Slow({"_dnsaddr.x.org": said}))
        assert found == ["/ip4/192.0.2.1/tcp/1"]
    finally:
        dnsaddr.TIMEOUT_MS = before


if __name__ == "__main__":
    kit.run(globals())
