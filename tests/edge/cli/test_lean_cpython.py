"""What the start of a node costs: modules and time.  (Memory: `python3 -m tools check sizes`.)"""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.edge.cli.program import ROOT, Running, environment

TCP = ("--listen", "/ip4/127.0.0.1/tcp/0", "--no-mdns")
MODULES_MAX = 280
CABLE_MODULES_MAX = 30  # more, of a node with a serial port
READY_MAX_S = 0.3
TRIES = 3  # the best counts

COUNT = """
import sys
sys.argv = ["edge", *sys.argv[1:]]
from edge.cli import main
main()
print("loaded", *sorted(sys.modules), file=sys.stderr)
"""


@pytest.fixture(scope="module", autouse=True)
def compiled(tmp_path_factory) -> None:
    """The very first start compiles the source, which takes time and memory once."""
    with Running(tmp_path_factory.mktemp("first"), *TCP[:2]) as node:
        node.ready()
        node.stop()


def modules(*arguments: str) -> set[str]:
    """What a node has imported when it ends."""
    line = [sys.executable, "-c", COUNT, "run", *arguments]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          cwd=ROOT, env=environment()) as process:  # fmt: skip
        process.stdout.readline()
        process.stdout.readline()
        process.terminate()
        _, noted = process.communicate(timeout=20)
    (loaded,) = [text for text in noted.splitlines() if text.startswith("loaded ")]
    return set(loaded.split()[1:])


def test_a_tcp_node_loads_few_modules(tmp_path) -> None:
    loaded = modules(*TCP, "--data", str(tmp_path))
    assert len(loaded) <= MODULES_MAX, sorted(loaded)
    for name in ("ssl", "_hashlib", "json", "tomllib", "zeroconf", "ctypes", "email", "shutil"):
        assert name not in loaded
    assert "transports.tcp" in loaded and "transports.memory" not in loaded


def test_a_cable_is_loaded_only_where_there_is_one(tmp_path) -> None:
    without = modules(*TCP, "--data", str(tmp_path))
    cable = {"edge.swarm.dialing.cables", "edge.cli.machine.ports"}
    link = ("transports.serial", "transports.link")
    assert not [name for name in without if name.startswith(link) or name in cable]
    port = str(tmp_path / "no-such-port")
    loaded = modules(*TCP, "--serial", port, "--data", str(tmp_path))
    assert cable <= loaded and "transports.serial.cable" in loaded
    assert len(loaded) - len(without) <= CABLE_MODULES_MAX, sorted(loaded - without)
    assert "edge.cli.actions.transports" not in loaded


def test_a_routing_is_loaded_only_where_it_is_asked(tmp_path) -> None:
    asked = modules(*TCP, "--data", str(tmp_path))
    assert {"edge.routing.joined", "edge.routing.kad.routing", "edge.routing.static"} <= asked
    for name in ("importlib.metadata", "edge.cli.actions.routing", "edge.cli.actions.swarm"):
        assert name not in asked
    none = modules(*TCP, "--routing", "none", "--data", str(tmp_path))
    loaded = {name for name in none if name.startswith("edge.routing.")}
    assert not [name for name in loaded if "kad" in name or "mdns" in name or "joined" in name]
    assert len(none) < len(asked)


def test_a_node_listens_soon(tmp_path) -> None:
    best = 60.0
    for _ in range(TRIES):
        started = time.monotonic()
        with Running(tmp_path, *TCP) as node:
            node.ready()
            best = min(best, time.monotonic() - started, cpu_seconds(node))
            node.stop()
    assert best <= READY_MAX_S


def cpu_seconds(node: Running) -> float:
    """What the node has computed so far: its start on a machine that does nothing else."""
    try:
        fields = Path(f"/proc/{node.process.pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 60.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_ssl_can_still_be_imported_afterwards() -> None:
    code = (
        "from edge.cli import lean; lean.load(); import ssl, asyncio, hashlib; ssl.OPENSSL_VERSION"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
