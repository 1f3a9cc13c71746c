"""Names of peers on this machine: asked of the servers that resolv.conf names, and not before."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.dns_server import DnsServer
from transports import nameserver


async def test_the_machine_s_own_servers_are_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from edge.cli.composition import node as composition

    async with DnsServer({"_dnsaddr.x.org": [[b"dnsaddr=/ip4/192.0.2.1/tcp/1"]]}) as server:
        conf = tmp_path / "resolv.conf"
        conf.write_text(f"nameserver {server.address[0]}\n")
        monkeypatch.setattr(nameserver, "RESOLV_CONF", str(conf))
        monkeypatch.setattr(nameserver, "PORT", server.address[1])
        found = await composition._lookup_txt("_dnsaddr.x.org")
    assert found == [b"dnsaddr=/ip4/192.0.2.1/tcp/1"]


def test_a_node_without_names_loads_nothing_of_this() -> None:
    program = """if True:
        import sys
        from edge.cli.composition import node as root
        from edge.config import NodeConfig
        from edge.identity.keys import PrivateKey
        node = root.open_node(PrivateKey.generate(), NodeConfig({"mdns": False}), root.Home())
        assert node.swarm.lookup_txt
        names = ("transports.nameserver", "edge.swarm.dialing.dnsaddr",
                 "edge.swarm.dialing.name_lookup", "edge.swarm.dialing.txt_query")
        print([name for name in names if name in sys.modules])
    """
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
