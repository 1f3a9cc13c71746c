"""A node as a service: runs until told to stop, tells what happens, answers other commands.

A service manager hears READY=1, WATCHDOG=1 and STOPPING=1 as sd_notify(3) has it: one datagram of
NAME=value lines to the socket that NOTIFY_SOCKET names.
"""

import asyncio
import os
import signal
import socket

from edge.cli.actions import open_action
from edge.cli.composition.home import MachineHome
from edge.cli.composition.node import open_node
from edge.cli.control import ControlServer
from edge.cli.data_dir import DataDir
from edge.cli.events import STYLES, Teller, full_addresses, sentence
from edge.cli.screen import Screen
from edge.config import KNOBS, NodeConfig
from edge.errors import LinkError, LocalError, printable
from edge.node import Node
from edge.system.log import Log
from edge.wire.multiaddr import Multiaddr

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_STOP_EXTRA_S = 2  # beyond the node's own bound, for what is left
_LISTEN_DEFAULT = list(KNOBS[0][1])

_log = Log("edge")


class Service:
    """One run of a node, from its start to its last goodbye."""

    def __init__(self, data: DataDir, key, config: NodeConfig, screen: Screen) -> None:
        self._data = data
        self._config = config
        self._screen = screen
        self._key = key
        self._stopping = asyncio.Event()
        self._supervised = bool(os.environ.get("NOTIFY_SOCKET"))

    async def run(self, owns_directory: bool, trace: str | None) -> None:
        """Returns after a signal; LocalError or LinkError if the node cannot start."""
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_log_failure)
        for number in _STOPPING:
            if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup has it
                loop.add_signal_handler(number, self._stop, number)
        wanted = [str(address) for address in self._config.listen]
        if wanted == _LISTEN_DEFAULT:
            self._config.listen = []
        node = open_node(self._key, self._config, MachineHome(self._data), trace)
        control = ControlServer(self._data.control_path, node, open_action)
        try:
            if wanted == _LISTEN_DEFAULT:
                await listen_by_default(node)
            events = node.watch()  # before the first one
            await node.start()
            if self._config.serial:
                _warn_of_absent(node)
            if owns_directory:
                await self._open_control(control)
            await self._live(node, events)
        finally:
            notify("STOPPING=1")
            await self._close(node, control)

    def _stop(self, number: int) -> None:
        """The first signal asks, the second one does not."""
        loop = asyncio.get_running_loop()
        for handled in _STOPPING:
            if loop.remove_signal_handler(handled):
                signal.signal(handled, signal.SIG_DFL)
        if number == signal.SIGINT and self._screen.is_terminal:
            self._screen.notice("saying goodbye; Ctrl-C again stops at once")
        self._stopping.set()

    async def _open_control(self, control: ControlServer) -> None:
        try:
            await control.start()
        except LocalError as error:
            _log.warn("other commands cannot speak to this node: {}", error)

    async def _live(self, node: Node, events) -> None:
        """Tell what happens until somebody wants the node to stop."""
        tasks = [asyncio.ensure_future(self._tell(node, events))]
        interval_ms = watchdog_ms()
        if interval_ms:
            tasks.append(asyncio.ensure_future(_feed_watchdog(interval_ms / 1000)))
        stopped = asyncio.ensure_future(self._stopping.wait())
        done, _ = await asyncio.wait((stopped, *tasks), return_when=asyncio.FIRST_COMPLETED)
        for task in (stopped, *tasks):
            task.cancel()
        await asyncio.gather(stopped, *tasks, return_exceptions=True)
        for task in done:
            task.result()

    async def _tell(self, node: Node, events) -> None:
        ready = {
            "event": "ready",
            "peer_id": str(node.peer_id),
            "addresses": full_addresses(node),
            "agent": node.identify.agent_version,
            "pid": os.getpid(),
            "data": self._data.path,
        }
        self._print(ready, self._greeting(ready))
        notify(f"READY=1\nSTATUS={node.peer_id}")
        teller = Teller(self._config)
        while True:
            event = teller.describe(await events.get())
            if event:
                name = self._screen.paint(STYLES[event["event"]], event["event"].ljust(12))
                self._print(event, f"{name}  {sentence(event)}")

    def _greeting(self, ready: dict) -> str:
        lines = [f"{'peer id'.ljust(12)}  {self._screen.paint('bold', ready['peer_id'])}"]
        name = "listening"
        for address in ready["addresses"]:
            lines.append(f"{name.ljust(12)}  {address}")
            name = ""
        return "\n".join(lines)

    def _print(self, event: dict, text: str) -> None:
        """A node on its own ends with its reader, one under a service manager does not."""
        try:
            self._screen.result(event, text)
        except BrokenPipeError:
            if not self._supervised:
                raise

    async def _close(self, node: Node, control: ControlServer) -> None:
        try:
            limit_s = self._config.stop_timeout_ms / 1000 + _STOP_EXTRA_S
            async with asyncio.timeout(limit_s):
                await control.close()
                await node.stop()
        except TimeoutError:
            _log.warn("stopped without waiting any longer")


def _warn_of_absent(node: Node) -> None:
    for transport in node.swarm.transports:
        for cable in transport.cables():
            if not cable.is_there():
                port = printable(cable.settings.port)
                _log.warn("{} is not there yet; 'edge serial ls' lists the ports that are", port)


async def listen_by_default(node: Node) -> None:
    """On every interface and the usual port, or another where that one is taken."""
    port = "4001"
    for text in _LISTEN_DEFAULT:
        text = text.replace("4001", port)
        try:
            await node.swarm.listen(Multiaddr(text))
            continue
        except LinkError as error:
            failure = error
        try:
            listener = await node.swarm.listen(Multiaddr(text.rpartition("/")[0] + "/0"))
        except LinkError:
            _log.info("{}", failure)  # such as IPv6 where there is none
            continue
        port = listener.addresses()[0].value("tcp")
        _log.warn("port 4001 is taken, listening on {}; name one with --listen", port)
    if not node.swarm.listen_addresses():
        raise failure


async def _feed_watchdog(interval_s: float) -> None:
    while True:
        notify("WATCHDOG=1")
        await asyncio.sleep(interval_s)


def _log_failure(_loop, context: dict) -> None:
    error = context.get("exception")
    _log.error("{}: {!r}", context.get("message", ""), error)


def notify(state: str) -> bool:
    """Send ``state``, such as ``READY=1``; False if no service manager listens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return False
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.settimeout(1)
            sender.sendto(state.encode(), address)
    except OSError:
        return False
    return True


def watchdog_ms() -> int | None:
    """How often to say ``WATCHDOG=1``: half of what the service manager waits; None for never."""
    limit_us = os.environ.get("WATCHDOG_USEC", "")
    pid = os.environ.get("WATCHDOG_PID", "")
    if not limit_us.isdigit() or (pid and pid != str(os.getpid())):
        return None
    return max(1, int(limit_us) // 2000)
