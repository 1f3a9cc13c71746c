"""Counts what each host of a LAN in namespaces sends, on the ports of its bridge.

    host -- eth0 ---- port0 -- br0      a frame is counted once: as it enters its port

Started by itself inside the switch's namespace (`python3 -m tests.bench.packets`), it answers every
line of its input with the counts until now, one JSON object: port -> class -> [packets, bytes].
Classes: mdns, tcp, udp (any other), ground (ARP, neighbours, IGMP, MLD: the kernel's own talk).
"""

import asyncio
import json
import select
import socket
import sys
from typing import Any

from tests.lan_cpython import Lan
from tools import ROOT

MDNS_PORT = 5353
_ALL = 3  # ETH_P_ALL
_ARP, _IPV4, _IPV6 = 0x0806, 0x0800, 0x86DD
_HEAD = 14  # of an Ethernet frame
_FRAME_BYTES_MAX = 65536  # the kernel may leave a large write in one piece
_OUTGOING = 4  # PACKET_OUTGOING
_TIMEOUT_S = 20


def class_of(frame: bytes) -> str:
    """What an Ethernet frame is about."""
    kind = int.from_bytes(frame[12:14], "big")
    if kind == _IPV4 and len(frame) > _HEAD + 20:
        protocol = frame[_HEAD + 9]
        ports = frame[_HEAD + 4 * (frame[_HEAD] & 15) :][:4]
    elif kind == _IPV6 and len(frame) > _HEAD + 40:
        protocol = frame[_HEAD + 6]
        ports = frame[_HEAD + 40 :][:4]
    else:
        return "ground"
    if protocol == socket.IPPROTO_TCP:
        return "tcp"
    if protocol != socket.IPPROTO_UDP:
        return "ground"
    mdns = MDNS_PORT.to_bytes(2, "big")
    return "mdns" if mdns in (ports[:2], ports[2:]) else "udp"


def serve() -> None:
    """Count until the input ends."""
    counts: dict[str, dict[str, list[int]]] = {}
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ALL)) as tap:
        print(json.dumps({}), flush=True)  # counting
        line = "\n"
        while line:
            readable, _, _ = select.select([tap, sys.stdin], [], [])
            if tap in readable:
                _count(tap, counts)
            if sys.stdin in readable:
                line = sys.stdin.readline()
                print(json.dumps(counts), flush=True)


def _count(tap: socket.socket, counts: dict) -> None:
    frame, where = tap.recvfrom(_FRAME_BYTES_MAX)
    port, _, kind = where[:3]
    if port.startswith("port") and kind != _OUTGOING:
        entry = counts.setdefault(port, {}).setdefault(class_of(frame), [0, 0])
        entry[0] += 1
        entry[1] += len(frame)


class Tap:
    """``async with Tap(lan) as tap: await tap.read()``: what the hosts have sent until now."""

    def __init__(self, lan: Lan) -> None:
        self._lan = lan
        self._process: Any = None

    async def read(self) -> dict[str, dict[str, list[int]]]:
        self._process.stdin.write(b"\n")
        return await self._line()

    async def _line(self) -> dict:
        async with asyncio.timeout(_TIMEOUT_S):
            return json.loads(await self._process.stdout.readline())

    async def __aenter__(self) -> "Tap":
        command = self._lan.command_of_switch(sys.executable, "-m", "tests.bench.packets")
        self._process = await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        await self._line()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._process.stdin.close()
        await self._process.wait()


if __name__ == "__main__":
    serve()
