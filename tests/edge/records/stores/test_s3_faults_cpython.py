"""The S3 store and all that can go wrong between it and the server: whatever was said to be kept is
in the bucket in the end, or something better is, and nothing older takes its place."""

import random

import pytest

from edge.errors import LimitError, LinkError, RemoteError
from edge.records.flash.medium import FileMedium
from edge.records.stores import Quota, flash, s3, s3_bucket, s3_uplink
from edge.system import aio, clock
from tests import kit, needs, scratch
from tests.contract.judges import OTHER, OWN, FakeJudge, key_of, record
from tests.edge.records.stores.s3_server_cpython import Proxy, Server

KEY = key_of("a")
FAULTS = ("5xx", "slow", "cut request", "cut answer", "no answer")
WAIT_MS = 15000


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    needs.module("obstore")
    found = Server(tmp_path_factory.mktemp("s3"))
    yield found
    found.stop()


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Timeouts of a test, not of a mobile network."""
    monkeypatch.setattr(s3_uplink, "RETRY_MS_MIN", 50)
    monkeypatch.setattr(s3_uplink, "RETRY_MS_MAX", 200)
    monkeypatch.setattr(s3_uplink, "DOUBT_MS_MAX", 50)
    monkeypatch.setattr(s3_bucket, "REQUEST_MS", 1000)
    monkeypatch.setattr(s3_bucket, "RETRIES_MAX", 1)


class Node:
    """A store whose uplink is a proxy of its own, and whose queue is on the disk."""

    def __init__(self, server: Server, bucket: str, own: bytes = OWN) -> None:
        self.judge = FakeJudge()
        self.proxy = Proxy(server.port)
        self.quota = Quota(64, 65536, 64, 65536)  # of the queue
        self._settings = server.settings(bucket, self.proxy.port)
        self._own = own
        self._folder = scratch.Folder()
        self.store: s3.S3Store

    def _open(self) -> s3.S3Store:
        options = flash.sized(self.quota.bytes_max)._replace(quota=self.quota)
        queue = flash.FlashStore(self.judge, FileMedium(self._folder.path), self._own, options)
        return s3.S3Store(self.judge, self._settings, queue, self._own)

    async def __aenter__(self) -> "Node":
        self._folder.__enter__()
        await self.proxy.open()
        self.store = self._open()
        await self.store.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.store.stop()
        await self.proxy.close()
        self._folder.__exit__()

    async def restart(self) -> None:
        await self.store.stop()
        self.store = self._open()
        await self.store.start()

    async def get(self, key: bytes) -> bytes | None:
        """As of a store, asking again while it cannot be reached."""
        while True:
            try:
                return await self.store.get(key)
            except LinkError:
                await aio.sleep_ms(20)

    async def settle(self) -> None:
        """Until everything is handed on."""
        await with_deadline(_until(lambda: not self.store.status()["queued"]))


async def with_deadline(coroutine) -> None:
    await aio.wait_for_ms(coroutine, WAIT_MS)


def there(server: Server, bucket: str, key: bytes) -> bytes:
    return server.file_of(bucket, key).read_bytes()


async def test_one_fault_at_each_request(server):
    """Whichever request of a put it hits, once or until the client's own retries are used up."""
    group = aio.Group()
    for fault in FAULTS:
        for broken in range(6):
            for times in (1, 2):
                group.spawn(_put_through(server, fault, broken, times))
    await group.join()
    assert not group.errors, group.errors


async def _put_through(server: Server, fault: str, broken: int, times: int) -> None:
    bucket = server.new_bucket()
    async with Node(server, bucket) as node:
        await node.store.put(key_of("other"), record(1))  # the server is known
        first = len(node.proxy.asked) + broken
        node.proxy.fault = _at(node.proxy, first, times, fault)
        await _put_and_get(node)
        await node.settle()
        assert there(server, bucket, KEY) == record(3), (fault, broken, times)
        assert await node.store.keys() == [KEY, key_of("other")]
        assert await node.store.put(KEY, record(3)) is False


def _at(proxy: Proxy, first: int, times: int, fault: str):
    return lambda method, path: fault if first < len(proxy.asked) <= first + times else ""


async def _put_and_get(node: Node) -> None:
    assert await node.store.put(KEY, record(1)) is True
    assert await node.get(KEY) == record(1)
    assert await node.store.put(KEY, record(3)) is True
    assert await node.get(KEY) == record(3)
    try:
        await node.store.put(KEY, record(2))  # said to be kept: it waits, and loses later
        assert node.store.status()["queued"] == 1
    except RemoteError as error:
        assert "old record" in str(error)


async def test_a_server_that_never_answers(server, monkeypatch):
    monkeypatch.setattr(s3_bucket, "REQUEST_MS", 300)
    bucket = server.new_bucket()
    async with Node(server, bucket) as node:
        node.proxy.fault = lambda method, path: "stuck"
        before = clock.monotonic_ms()
        assert await node.store.put(KEY, record(1)) is True
        assert clock.monotonic_ms() - before < 5000
        assert node.store.status()["queued"] == 1
        assert "too long" in node.store.status()["error"]
        assert await node.store.get(KEY) == record(1)
        node.proxy.fault = lambda method, path: ""
        await node.settle()
        assert there(server, bucket, KEY) == record(1)


async def test_the_uplink_is_gone_for_a_while(server):
    """What is put meanwhile waits, through a restart too, and the newest of each key is sent."""
    bucket = server.new_bucket()
    keys = [key_of(str(number)) for number in range(20)]
    async with Node(server, bucket) as node, Node(server, bucket, OTHER) as other:
        await node.store.put(keys[0], record(1))
        await node.proxy.close()
        for version in (2, 3, 4):
            for key in keys[:10]:
                assert await node.store.put(key, record(version)) is True
        await kit.raises_async(RemoteError, node.store.put(keys[1], record(1)))
        assert await node.store.put(keys[1], record(4)) is False
        assert await node.store.get(keys[1]) == record(4)
        await kit.raises_async(LinkError, node.store.get(keys[15]))
        await kit.raises_async(LinkError, node.store.keys())
        await kit.raises_async(LinkError, node.store.remove(keys[1]))
        await node.store.sync()  # on this machine, for sure
        status = node.store.status()
        assert status["queued"] == 10 and not status["reachable"]
        await node.restart()
        assert node.store.status()["queued"] == 10
        for key in keys[10:]:
            assert await node.store.put(key, record(5)) is True
        await other.store.put(keys[2], record(9))  # meanwhile somebody else was there
        changes = node.store.watch(keys[2])
        await node.proxy.open()
        await node.settle()
        assert await node.store.keys() == sorted(keys)
        for number, key in enumerate(keys):
            expected = record(9 if number == 2 else 4 if number < 10 else 5)
            assert there(server, bucket, key) == expected
            assert await node.store.get(key) == await other.store.get(key) == expected
        assert tuple(await changes.get()) == (keys[2], record(9))
        status = node.store.status()
        assert status["reachable"] and status["handed_on"] == 19 and status["refused"] == 1


async def test_listing_through_faults(server):
    """All keys or an error: never some of them."""
    bucket = server.new_bucket()
    keys = sorted([key_of("%04d" % number) for number in range(1100)])  # two pages
    async with Node(server, bucket) as node:
        place = server.file_of(bucket, b"x").parent
        place.mkdir(parents=True)
        for key in keys:
            (place / key.hex()).write_bytes(record(1))
        for fault in FAULTS:
            for first, times in ((0, 1), (1, 1), (1, 2)):
                node.proxy.fault = _at(node.proxy, len(node.proxy.asked) + first, times, fault)
                try:
                    assert await node.store.keys() == keys, fault
                except LinkError:
                    await aio.sleep_ms(60)
        node.proxy.fault = lambda method, path: ""
        assert await node.store.keys() == keys


async def test_a_record_the_server_does_not_take(server):
    """It waits, and the others do not wait for it."""
    bucket = server.new_bucket()
    keys = [key_of(str(number)) for number in range(8)]
    async with Node(server, bucket) as node:
        await node.proxy.close()
        for key in keys:
            await node.store.put(key, record(1))
        bad = keys[3].hex()
        node.proxy.fault = lambda method, path: "5xx" if bad in path else ""
        await node.proxy.open()
        await with_deadline(_until(lambda: node.store.status()["queued"] == 1))
        for key in keys:
            assert server.file_of(bucket, key).exists() == (key != keys[3])
        node.proxy.fault = lambda method, path: ""
        await node.settle()
        assert there(server, bucket, keys[3]) == record(1)


async def _until(is_so) -> None:
    while not is_so():
        await aio.sleep_ms(20)


async def test_the_queue_is_bounded(server):
    bucket = server.new_bucket()
    async with Node(server, bucket) as node:
        node.quota = Quota(4, 4096, 4, 4096)
        await node.restart()
        await node.proxy.close()
        for number in range(4):
            assert await node.store.put(key_of(str(number)), record(1)) is True
        error = await kit.raises_async(LimitError, node.store.put(key_of("4"), record(1)))
        assert "nobody listens" in str(error) and "queue is full" in str(error)
        assert await node.store.put(key_of("3"), record(2)) is True  # in the place of an older one
        await node.proxy.open()
        await node.settle()
        assert await node.store.put(key_of("4"), record(1)) is True


async def test_a_failing_link_is_not_asked_all_the_time(server, monkeypatch):
    """Back-off doubles up to its bound, and whoever asks meanwhile hears the error at once."""
    monkeypatch.setattr(s3_uplink, "RETRY_MS_MAX", 400)
    bucket = server.new_bucket()
    async with Node(server, bucket) as node:
        node.proxy.fault = lambda method, path: "5xx"
        await node.store.put(KEY, record(1))
        await aio.sleep_ms(1000)
        asked = len(node.proxy.asked)
        assert 4 <= asked <= 20, asked  # two for each try of the store
        assert node.store.status()["retry_in_ms"] <= 400
        before = clock.monotonic_ms()
        for _ in range(20):
            node.store._uplink._doubt_until = clock.monotonic_ms() + 50
            await kit.raises_async(LinkError, node.store.get(key_of("b")))
        assert clock.monotonic_ms() - before < 200 and len(node.proxy.asked) <= asked + 3


async def test_two_nodes_race(server):
    """Both write the same keys, hundreds of times, and the greatest version stays."""
    bucket = server.new_bucket()
    async with Node(server, bucket) as one, Node(server, bucket, OTHER) as two:
        assert await _race(server, bucket, [one, two], 150) > 0


async def test_two_nodes_race_through_faults(server):
    bucket = server.new_bucket()
    async with Node(server, bucket) as one, Node(server, bucket, OTHER) as two:
        await _race(server, bucket, [one, two], 40, FAULTS)


async def _race(
    server: Server, bucket: str, nodes: list, count: int, faults: tuple = ("slow",)
) -> int:
    """Puts in any order; how often one node came between another's reading and writing."""
    rng = random.Random(7)
    acknowledged: dict = {}  # key -> greatest version that was said to be kept
    async with aio.Group() as watching, aio.Group() as running:
        watching.spawn(_see_that_nothing_older_wins(server, bucket, acknowledged))
        for node in nodes:
            node.proxy.slow_s = 0.01
            node.proxy.fault = lambda method, path: rng.choice(faults) if rng.random() < 0.2 else ""
            jobs = [(key_of(str(turn % 3)), rng.randrange(1000)) for turn in range(count)]
            running.spawn(_put_all(node, jobs, acknowledged))
        await running.join()
        for node in nodes:
            node.proxy.fault = lambda method, path: ""
            await node.settle()
        assert not running.errors + watching.errors, running.errors + watching.errors
    for key, version in acknowledged.items():
        assert there(server, bucket, key) == record(version, "x")
    return sum(node.store.status()["conflicts"] for node in nodes)


async def _put_all(node: Node, jobs: list, acknowledged: dict) -> None:
    async def put(key: bytes, version: int) -> None:
        try:
            await node.store.put(key, record(version, "x"))
            acknowledged[key] = max(acknowledged.get(key, 0), version)
        except RemoteError as error:
            assert "old record" in str(error)

    while jobs:
        some, jobs = jobs[:6], jobs[6:]
        group = aio.Group()
        for key, version in some:
            group.spawn(put(key, version))
        await group.join()
        assert not group.errors, group.errors


async def _see_that_nothing_older_wins(server: Server, bucket: str, keys: dict) -> None:
    seen: dict = {}
    while True:
        for key in list(keys):
            file = server.file_of(bucket, key)
            if file.exists():
                version = int(file.read_bytes().split(b" ")[0])
                assert version >= seen.get(key, 0), "something older won"
                seen[key] = version
        await aio.sleep_ms(1)


@pytest.mark.parametrize("is_careful", [True, False])
async def test_a_write_that_is_overtaken(server, monkeypatch, is_careful):
    """One node writes late what it has compared with nothing; meanwhile another one wrote a better
    record.  A store that writes without a condition takes its place, as the harness must see."""

    async def careless(self, name, data, tag):
        return await self._ask("write", self._write, name, data, "overwrite")

    if not is_careful:
        monkeypatch.setattr(s3_bucket.Bucket, "put", careless)
    bucket = server.new_bucket()
    async with Node(server, bucket) as one, Node(server, bucket, OTHER) as two:
        await one.store.put(key_of("other"), record(1))
        one.proxy.asked.append(("", ""))
        one.proxy.slow_s = 0.5
        one.proxy.fault = lambda method, path: "slow" if method == "PUT" else ""
        async with aio.Group() as group:
            group.spawn(one.store.put(KEY, record(1)))
            await with_deadline(_until(lambda: one.proxy.asked[-1][0] == "PUT"))
            await two.store.put(KEY, record(5))
            await group.join()
        assert there(server, bucket, KEY) == record(5 if is_careful else 1)
        assert [str(error)[:10] for error in group.errors] == ["old record"] * is_careful
        assert one.store.status()["conflicts"] == is_careful


async def test_credentials_that_are_taken_away(server):
    """What is queued stays queued; it is handed on when they are good again."""
    bucket = server.new_bucket()
    async with Node(server, bucket) as node:
        await node.proxy.close()
        await node.store.put(KEY, record(1))
        good, node._settings.secret_access_key = node._settings.secret_access_key, "wrong"
        await node.restart()
        await node.proxy.open()
        await with_deadline(_until(lambda: "secret" in node.store.status()["error"]))
        await node.store.sync()
        assert node.store.status()["queued"] == 1
        node._settings.secret_access_key = good
        await node.restart()
        await node.settle()
        assert there(server, bucket, KEY) == record(1)
