"""A LAN on this machine: network namespaces on a bridge, no way out.  Needs root.

    with Lan(3) as lan:
        process = lan.popen(0, [sys.executable, "-m", "edge", "run"])

Host n has 10.77.0.(n+1)/24 and fd77::(n+1)/64 on "eth0".  The bridge lives in a namespace, too.
There is a second bridge, with nobody on it until a test puts somebody there.
"""

import itertools
import os
import subprocess

from tests import needs

_numbers = itertools.count()


class Lan:
    def __init__(self, hosts: int, ipv4: bool = True, ipv6: bool = True) -> None:
        needs.root()
        needs.tool("ip", "apt install iproute2")
        self._ipv4 = ipv4
        self._ipv6 = ipv6
        stem = f"edge{os.getpid()}-{next(_numbers)}"
        self._switch = stem + "s"
        self.names = [f"{stem}h{number}" for number in range(hosts)]
        self._processes: list[subprocess.Popen] = []

    def __enter__(self) -> "Lan":
        try:
            self._ip("netns", "add", self._switch)
            for bridge in ("br0", "br1"):
                self.ip_of_switch("link", "add", bridge, "type", "bridge")
                self.ip_of_switch("link", "set", bridge, "up")
            for number in range(len(self.names)):
                self._add(number)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            process.wait()
        for name in [*self.names, self._switch]:
            subprocess.run(["ip", "netns", "del", name], stderr=subprocess.DEVNULL, check=False)

    def _add(self, number: int) -> None:
        """A host and its cable."""
        name = self.names[number]
        self._ip("netns", "add", name)
        # Addresses at once, not after a second of looking for doubles.
        self.run(number, "sh", "-c", "echo 0 | tee /proc/sys/net/ipv6/conf/*/accept_dad")
        cable = ["link", "add", f"port{number}", "type", "veth", "peer", "eth0", "netns", name]
        self.ip_of_switch(*cable)
        self.ip_of_switch("link", "set", f"port{number}", "master", "br0", "up")
        if not self._ipv6:
            self.run(number, "sh", "-c", "echo 1 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6")
        if self._ipv4:
            self.ip(number, "address", "add", f"10.77.0.{number + 1}/24", "dev", "eth0")
        if self._ipv6:
            self.ip(number, "address", "add", f"fd77::{number + 1}/64", "dev", "eth0", "nodad")
        self.ip(number, "link", "set", "lo", "up")
        self.ip(number, "link", "set", "eth0", "up")
        if self._ipv4:  # some implementations leave the interface to the routing table
            self.ip(number, "route", "add", "224.0.0.0/4", "dev", "eth0")

    def _ip(self, *arguments: str) -> None:
        subprocess.run(["ip", *arguments], check=True)

    def ip(self, number: int, *arguments: str) -> None:
        """`ip` on a host."""
        self._ip("-n", self.names[number], *arguments)

    def ip_of_switch(self, *arguments: str) -> None:
        self._ip("-n", self._switch, *arguments)

    def plug(self, number: int, is_in: bool) -> None:
        """Pull the cable of a host out of the switch, or put it back."""
        self.ip_of_switch("link", "set", f"port{number}", "up" if is_in else "down")

    def move(self, number: int, bridge: int) -> None:
        """Put a host's cable into the other bridge; the host sees nothing of that."""
        self.ip_of_switch("link", "set", f"port{number}", "master", f"br{bridge}")

    def add_interface(self, number: int) -> None:
        """Give a host an "eth1" on the second bridge, 10.78.0.(n+1)/24 and fd78::(n+1)/64."""
        cable = ["link", "add", f"second{number}", "type", "veth", "peer", "eth1"]
        self.ip_of_switch(*cable, "netns", self.names[number])
        self.ip_of_switch("link", "set", f"second{number}", "master", "br1", "up")
        if self._ipv4:
            self.ip(number, "address", "add", f"10.78.0.{number + 1}/24", "dev", "eth1")
        if self._ipv6:
            self.ip(number, "address", "add", f"fd78::{number + 1}/64", "dev", "eth1", "nodad")
        self.ip(number, "link", "set", "eth1", "up")

    def run(self, number: int, *command: str) -> str:
        """The output of a command that runs on a host."""
        done = subprocess.run(
            self.command(number, *command), check=True, capture_output=True, text=True
        )
        return done.stdout

    def command(self, number: int, *command: str) -> list[str]:
        return ["ip", "netns", "exec", self.names[number], *command]

    def command_of_switch(self, *command: str) -> list[str]:
        return ["ip", "netns", "exec", self._switch, *command]

    def popen(self, number: int, command: list[str], **options) -> subprocess.Popen:
        """A process on a host; killed when the LAN ends."""
        process = subprocess.Popen(self.command(number, *command), **options)
        self._processes.append(process)
        return process
