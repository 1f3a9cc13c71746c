"""The S3 store on a real server: the contract, objects that are no records, the server's errors."""

import datetime as dt
import ipaddress
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from edge.config import NodeConfig
from edge.errors import LinkError, LocalError, RemoteError
from edge.identity.keys import PrivateKey
from edge.identity.peer_id import PeerId
from edge.records import stores
from edge.records.author import Author
from edge.records.judge import Judge
from edge.records.names import edge_key
from edge.records.observed import Time
from edge.records.record import create, decode
from edge.records.schemes.ttl import valid_for
from edge.records.stores import s3
from edge.records.stores.memory import MemoryStore
from edge.records.stores.s3_bucket import Settings
from edge.records.stores.s3_errors import translate
from edge.records.validators import open_validators
from edge.system import aio, log
from tests import kit, needs
from tests.contract import record_store
from tests.contract.judges import OTHER, OWN, FakeJudge, key_of, record
from tests.edge.records.stores.s3_server_cpython import SECRET_KEY, Proxy, Server

KEY = key_of("a")
NOBODY = "http://127.0.0.1:9"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    needs.module("obstore")
    found = Server(tmp_path_factory.mktemp("s3"))
    yield found
    found.stop()


def open_store(settings: Settings, own: bytes = OWN, judge=None, queue=None) -> s3.S3Store:
    judge = judge or FakeJudge()
    return s3.S3Store(judge, settings, queue or MemoryStore(judge, own), own)


async def test_contract(server):
    async def make(judge):
        store = open_store(server.settings(server.new_bucket()), OWN, judge)
        await store.start()
        return store, store.stop

    await record_store.check(make, bounded=False)


async def test_two_nodes_share_records(server):
    bucket = server.new_bucket()
    one, two = [open_store(server.settings(bucket), own) for own in (OWN, OTHER)]
    await one.put(KEY, record(1, "x"))
    await two.put(key_of("b", OTHER), record(7, "y"))
    assert await two.get(KEY) == record(1, "x")
    assert await one.keys() == await two.keys() == sorted([KEY, key_of("b", OTHER)])
    assert await two.put(KEY, record(1, "x")) is False
    await kit.raises_async(RemoteError, two.put(KEY, record(0, "older")))
    assert await two.remove(KEY) is True
    assert await one.get(KEY) is None


async def test_watching_what_others_do(server):
    bucket = server.new_bucket()
    one, two = open_store(server.settings(bucket, poll_s=1)), open_store(server.settings(bucket))
    await two.put(KEY, record(1))
    await one.start()
    changes = one.watch()
    await aio.sleep_ms(200)
    await one.put(key_of("own"), record(1))
    await two.put(KEY, record(2))
    await two.put(key_of("b"), record(1))
    await two.put(key_of("gone"), record(1))
    seen = [tuple(await aio.wait_for_ms(changes.get(), 5000)) for _ in range(4)]
    assert seen[0] == (key_of("own"), record(1))
    expected = [(KEY, record(2)), (key_of("b"), record(1)), (key_of("gone"), record(1))]
    assert sorted(seen[1:]) == expected
    await two.remove(key_of("gone"))
    assert tuple(await aio.wait_for_ms(changes.get(), 5000)) == (key_of("gone"), None)
    assert not len(changes)
    await one.stop()


async def test_thousands_of_keys_are_listed(server):
    """More than one page, and names that are none of ours among them."""
    bucket = server.new_bucket()
    place = server.file_of(bucket, b"x").parent
    place.mkdir(parents=True)
    keys = sorted([key_of("%04x" % (number * 7)) for number in range(1100)])
    for key in keys:
        (place / key.hex()).write_bytes(record(1))
    for name in ("README", KEY.hex().upper(), KEY.hex() + "0", bytes(81).hex()):
        (place / name).write_bytes(record(1))
    store = open_store(server.settings(bucket))
    assert await store.keys() == keys
    for prefix in (key_of("0"), key_of("1f"), key_of("1f")[:-1], b"/", b"0"):
        assert await store.keys(prefix) == [key for key in keys if key.startswith(prefix)]
    assert await store.keys(b"", keys[700]) == keys[701:]


async def test_objects_that_are_no_records_are_dropped_and_replaced(server):
    bucket = server.new_bucket()
    store = open_store(server.settings(bucket))
    file = server.file_of(bucket, KEY)
    said: list = []
    log.set_level("info")
    log.set_sink(lambda *line: said.append(line))
    try:
        for bad in (b"", b"garbage", record(9, "ended", "@0"), record(9) + bytes(20000)):
            await store.put(KEY, record(0))
            file.write_bytes(bad)
            said.clear()
            assert await store.get(KEY) is None
            assert "dropped" in said[0][2], said
            assert await store.keys() == []
            assert file.read_bytes() == bad  # nobody's to delete
            assert await store.put(KEY, record(1)) is True
            assert await store.get(KEY) == record(1)
            await store.remove(KEY)
    finally:
        log.set_sink()
        log.set_level("warn")


async def test_age_counts_by_the_clock_of_the_server(server):
    """What lay in the bucket for an hour is an hour older, whatever this machine believes."""
    bucket = server.new_bucket()
    store = open_store(server.settings(bucket))
    await store.put(KEY, record(1, "x", "7200000+1000"))
    file = server.file_of(bucket, KEY)
    import os

    state = file.stat()
    os.utime(file, (state.st_atime, state.st_mtime - 3600))
    value = await store.get(KEY)
    age = int(value.split(b" ")[1].split(b"+")[1])
    assert 3601000 <= age <= 3604000, age
    os.utime(file, (state.st_atime, state.st_mtime - 7200))
    assert await store.get(KEY) is None


async def test_who_may_only_read(server):
    """Reads all the same, records that age among them."""
    async with Proxy(server.port) as proxy:
        bucket = server.new_bucket()
        await open_store(server.settings(bucket)).put(KEY, record(1, "x", "600000+0"))
        proxy.fault = lambda method, path: "denied" if method == "PUT" else ""
        store = open_store(server.settings(bucket, proxy.port))
        for _ in range(3):
            assert (await store.get(KEY)).startswith(b"1 600000+")
        error = await kit.raises_async(LocalError, store.put(key_of("b"), record(1)))
        assert "may not do that" in str(error) and not store.status()["queued"]


async def test_a_server_without_conditions_is_refused(server):
    """Else the better record of another node would be overwritten without a word."""
    async with Proxy(server.port) as proxy:
        bucket = server.new_bucket()
        proxy.fault = lambda method, path: "no conditions"
        store = open_store(server.settings(bucket, proxy.port))
        error = await kit.raises_async(LocalError, store.put(KEY, record(1)))
        assert "ignores the conditions" in str(error)
        assert not server.file_of(bucket, KEY).exists()


# what it says, and what to do


@pytest.mark.parametrize(
    "change, kind, advice",
    [
        ({"secret_access_key": "wrong"}, LocalError, "secret does not belong"),
        ({"access_key_id": "nobody"}, LocalError, "nobody there has this access key"),
        ({"bucket": "none-of-that-name"}, LocalError, "create it"),
        ({"region": "eu-west-1"}, LocalError, "us-east-1"),
        ({"endpoint": NOBODY}, LinkError, "check the endpoint"),
        ({"endpoint": "http://nowhere.invalid"}, LinkError, "is there a network?"),
    ],
)
async def test_errors_say_what_to_do(server, change, kind, advice):
    """Nothing is queued that waiting would not mend: who puts is told."""
    settings = server.settings(server.new_bucket())
    for name, value in change.items():
        setattr(settings, name, value)
    for call in (lambda s: s.get(KEY), lambda s: s.keys(), lambda s: s.remove(KEY)):
        store = open_store(settings)
        error = await kit.raises_async(kind, call(store))
        assert advice in str(error), error
        again = await kit.raises_async(kind, call(store))  # at once, without asking
        assert str(again) == str(error)
        assert store.status()["error"] == str(error)
        assert SECRET_KEY not in str(error)
    store = open_store(settings)
    if kind is LocalError:
        error = await kit.raises_async(kind, store.put(KEY, record(1)))
        assert advice in str(error) and not store.status()["queued"]
    else:
        assert await store.put(KEY, record(1)) is True
        assert await store.get(KEY) == record(1)
        assert store.status()["queued"] == 1
        await kit.raises_async(LinkError, store.sync())  # neither there nor on a disk


SAID = "Generic S3 error: Error performing GET {} in 4ms - Server returned non-2xx status code: {}"


@pytest.mark.parametrize(
    "text, kind, advice",
    [
        (SAID.format("http://h/b", "403 Forbidden: "), LocalError, "s3:ListBucket"),
        (
            SAID.format("http://h/b", "403: <Code>ExpiredToken</Code>"),
            LocalError,
            "new credentials",
        ),
        (SAID.format("http://h/b", "501: <Code>NotImplemented</Code>"), LocalError, "If-Match"),
        (SAID.format("http://h/b", "500: <Code>InternalError</Code>"), LinkError, "InternalError"),
        (SAID.format("http://h/b", "502 Bad Gateway: <html>"), LinkError, "502 Bad Gateway"),
        (SAID.format("http://h/b", "403: <Code>RequestTimeTooSkewed</Code>"), LinkError, "NTP"),
        ("Error performing PUT http://169.254.169.254/latest", LocalError, "no credentials"),
        ("Error performing GET https://h/ NotValidYet", LinkError, "clock is behind"),
        ("\x1b[31mred\nand more" + "x" * 1000, LinkError, "red"),
    ],
)
def test_what_servers_say(text, kind, advice):
    error = translate(ValueError(text), "read", 0)
    assert type(error) is kind and advice in str(error), error
    assert "\x1b" not in str(error) and len(str(error)) < 300


def test_without_the_client(monkeypatch):
    monkeypatch.setitem(sys.modules, "obstore.store", None)
    error = kit.raises(LocalError, open_store, Settings({"bucket": "b"}))
    assert "pip install" in str(error)


async def test_tls(tmp_path):
    needs.module("obstore")
    certificate, key = _certificate(tmp_path)
    server = Server(tmp_path, "--cert", str(certificate), "--key", str(key))
    try:
        endpoint = f"https://127.0.0.1:{server.port}"
        bucket = server.new_bucket()
        store = open_store(server.settings(bucket, endpoint=endpoint))
        error = await kit.raises_async(LinkError, store.get(KEY))
        assert "root_certificate" in str(error)
        known = server.settings(bucket, endpoint=endpoint, root_certificate=certificate.read_text())
        store = open_store(known)
        assert await store.put(KEY, record(1)) is True
        assert await store.get(KEY) == record(1)
        store = open_store(server.settings(bucket))  # http where TLS is spoken
        await kit.raises_async((LinkError, LocalError), store.get(KEY))
    finally:
        server.stop()


def test_settings():
    for values in ({}, {"bucket": ""}, {"bucket": 1}, {"bucket": "b", "no such": 1},
                   {"bucket": "b", "endpoint": "host:9000"},
                   {"bucket": "b", "virtual_hosted": "yes"},
                   {"bucket": "b", "poll_s": True}, {"bucket": "b", "poll_s": -1}):  # fmt: skip
        kit.raises(LocalError, Settings, values)
    assert "no such" in str(kit.raises(LocalError, Settings, {"bucket": "b", "no such": 1}))


async def test_a_node_opens_it(server, tmp_path):
    """With real records, by the settings of a node, and a queue in the node's data directory."""
    key = PrivateKey.generate()
    peer_id = PeerId.from_public_key(key.public)
    time = Time()
    judge = Judge(open_validators(time), time)
    bucket = server.new_bucket()
    config = NodeConfig({"s3": vars(server.settings(bucket))})
    home = SimpleNamespace(records_path=str(tmp_path / "records"))
    node = SimpleNamespace(judge=judge, config=config, home=home, peer_id=peer_id)
    store = stores.open_store("s3", node)
    await store.start()
    author = Author(key, store)
    await author.put("a", b"one")
    await author.put("a", b"two", valid_for(600000))
    name = edge_key(peer_id, "a")
    found = decode(await store.get(name))
    assert found.record.value == b"two" and found.record.version == 1 and found.age_ms < 4000
    await kit.raises_async(RemoteError, store.put(name, create(key, name, b"zero", 0)))
    await store.stop()
    assert store.status()["queue"] == "flash" and (tmp_path / "records-s3").is_dir()
    home.records_path = None
    assert stores.open_store("s3", node).status()["queue"] == "memory"


async def test_a_clock_that_is_off(server, tmp_path):
    """A day behind: the server refuses; what is put waits, and the error names the day."""
    faketime = needs.tool("faketime", "Debian: apt-get install faketime")
    bucket = server.new_bucket()
    values = vars(server.settings(bucket))
    program = tmp_path / "program.py"
    program.write_text(_PROGRAM.format(values=values))
    for offset, word in (("-1d", "behind"), ("+3h", "ahead of")):
        said = await _run(faketime, "-f", offset, sys.executable, str(program))
        assert "'queued': 1" in said, said
        seconds = [int(part) for part in said.split() if part.isdigit() and int(part) > 9000]
        assert f" s {word} the server's" in said, said
        assert abs(seconds[0] - {"-1d": 86400, "+3h": 10800}[offset]) < 60, said
    said = await _run(sys.executable, str(program))
    assert "'queued': 0" in said, said


_PROGRAM = """
from edge.records.stores.s3_bucket import Settings
from edge.records.stores.s3_errors import translate
from edge.system import aio
from tests.contract.judges import key_of, record
from tests.edge.records.stores.test_s3_cpython import open_store

async def main():
    store = open_store(Settings({values!r}))
    assert await store.put(key_of("late"), record(1)) is True
    assert await store.get(key_of("late")) == record(1)
    print(store.status())

aio.run(main())
"""


async def _run(*argv: str) -> str:
    import asyncio
    import os

    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[4]),
                   "DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}  # fmt: skip
    process = await asyncio.create_subprocess_exec(
        *argv, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await aio.wait_for_ms(process.communicate(), 20000)
    return said.decode("utf-8", "replace")


def _certificate(folder: Path) -> tuple[Path, Path]:
    """For 127.0.0.1, by nobody known."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "edge test")])
    now = dt.datetime.now(dt.UTC)
    host = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([host]), False)
        .add_extension(x509.BasicConstraints(False, None), True)
        .sign(private, hashes.SHA256())
    )
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    certificate.write_bytes(built.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate, key
