"""Interfaces as Linux and others tell of them; that changes are heard, the doors' tests show."""

import socket
import struct
import sys

import pytest

from edge.wire import ip
from tests import needs
from transports.multicast import interfaces, netlink

UP, LOOPBACK, RUNNING, MULTICAST = 0x1, 0x8, 0x40, 0x1000
GOOD = UP | RUNNING | MULTICAST


def attribute(kind: int, data: bytes) -> bytes:
    size = 4 + len(data)
    return struct.pack("=HH", size, kind) + data + bytes(-size % 4)


def link(index: int, name: str, flags: int, *more: bytes) -> tuple[int, bytes]:
    body = struct.pack("=BxHiII", 0, 1, index, flags, 0) + attribute(3, name.encode() + b"\0")
    return netlink.NEW_LINK, body + b"".join(more)


def address(index: int, host: str, prefix: int, flags: int = 0x80) -> tuple[int, bytes]:
    raw = ip.parse6(host) if ":" in host else ip.parse4(host)
    body = struct.pack("=BBBBI", 2, prefix, flags, 0, index) + attribute(1, raw)
    return netlink.NEW_ADDRESS, body


def seen(*found: tuple[int, bytes]) -> list[tuple[str, list[str]]]:
    told = netlink.interfaces(found)
    return [(name, [f"{ip.text(host)}/{prefix}" for host, prefix in own]) for name, own in told]


def test_what_is_up_with_its_addresses_in_order():
    assert seen(
        link(1, "lo", UP | RUNNING | LOOPBACK),
        link(2, "eth0", GOOD),
        address(1, "127.0.0.1", 8),
        address(2, "fe80::1", 64),
        address(2, "fd00::1", 64),
        address(2, "10.0.0.1", 24),
    ) == [("eth0", ["10.0.0.1/24", "fd00::1/64", "fe80::1/64"]), ("lo", ["127.0.0.1/8"])]


def test_what_cannot_be_used_is_left_out():
    ten = address(2, "10.0.0.1", 24)
    assert seen(link(2, "down", MULTICAST), ten) == []
    assert seen(link(2, "no-carrier", UP | MULTICAST), ten) == []
    assert seen(link(2, "tunnel", UP | RUNNING), ten) == []
    assert seen(link(2, "no-address", GOOD)) == []
    port_of_bridge = link(2, "veth0", GOOD, attribute(10, bytes(4)))
    assert seen(port_of_bridge, address(2, "fe80::1", 64)) == []
    for flag in (0x08, 0x20, 0x40):  # double, deprecated, tentative
        assert seen(link(2, "eth0", GOOD), address(2, "fd00::1", 64, flag)) == []
    local = (netlink.NEW_ADDRESS, ten[1] + attribute(2, ip.parse4("10.0.0.9")))
    assert seen(link(2, "ppp0", GOOD), local) == [("ppp0", ["10.0.0.9/24"])]
    flagged = (netlink.NEW_ADDRESS, ten[1] + attribute(8, struct.pack("=I", 0x40)))
    assert seen(link(2, "eth0", GOOD), flagged) == []


def test_messages_in_a_packet():
    packet = (
        struct.pack("=IHHII", 19, 16, 0, 0, 0) + b"abc\0" + struct.pack("=IHHII", 16, 3, 0, 0, 0)
    )
    assert list(netlink.messages(packet)) == [(16, b"abc"), (3, b"")]
    assert list(netlink.messages(bytes(64))) == []
    assert list(netlink.messages(packet[:10])) == []


@pytest.mark.skipif(sys.platform != "linux", reason="rtnetlink is of Linux")
def test_this_machine_by_rtnetlink():
    found = interfaces.open_interfaces()
    names = [name for name, _ in found.current()]
    assert names and {name for _, name in socket.if_nameindex()} >= set(names)
    found.close()


def test_this_machine_by_ifaddr():
    needs.module("ifaddr")
    found = dict(interfaces.PolledInterfaces().current())
    assert (ip.parse4("127.0.0.1"), 8) in [network for own in found.values() for network in own]
