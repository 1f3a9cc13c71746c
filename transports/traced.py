"""Any transport, with every byte it moves written to a capture file that Wireshark opens.

What is written is what the medium carries: after the handshake it is ciphertext.
"""

import io
import os
import socket
import time

from edge.errors import LocalError
from edge.system.log import Log
from transports import pcap, wrapper

FILE_BYTES_MAX = 268435456  # then the capture ends; the node goes on

_log = Log("trace")


class Trace:
    """One capture file for all the connections of a node."""

    def __init__(self, path: str) -> None:
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        except OSError as error:
            raise LocalError(f"cannot write the trace {path}: {error.strerror}") from None
        self._file: io.FileIO | None = os.fdopen(handle, "wb", buffering=0)
        self._size = 0
        self._serial = 0
        self._write(pcap.HEADER)

    def flow(self, local, remote) -> pcap.Flow:
        """A flow between two Multiaddrs; ends without an IP address get one of their own."""
        self._serial = (self._serial + 1) % 60000
        return pcap.Flow(self._end(local, 1), self._end(remote, 2))

    def record(self, flow, outbound: bool, data, flags: int) -> None:
        self._write(flow.records(outbound, bytes(data), flags, time.time_ns() // 1000))

    def close(self) -> None:
        if self._file:
            self._file.close()
            self._file = None

    def _end(self, address, host: int) -> tuple:
        ip4 = address and address.value("ip4")
        ip6 = address and address.value("ip6")
        port = int((address and address.value("tcp")) or 1024 + self._serial)
        if ip4:
            return socket.inet_aton(ip4), port
        if ip6:
            return socket.inet_pton(socket.AF_INET6, ip6), port
        return bytes((10, 0, 0, host)), port

    def _write(self, data: bytes) -> None:
        if not self._file:
            return
        try:
            if self._size + len(data) > FILE_BYTES_MAX:
                raise OSError(0, f"{FILE_BYTES_MAX} bytes are the limit")
            self._file.write(data)
            self._size += len(data)
        except OSError as error:
            _log.warn("the trace ends here: {}", error.strerror)
            self.close()


class Connection(wrapper.Connection):
    """A raw connection that leaves a trace."""

    def __init__(self, raw, trace: Trace, outbound: bool) -> None:
        super().__init__(raw)
        self._trace = trace
        self._flow = trace.flow(raw.local_address, raw.remote_address)
        self._closed = False
        trace.record(self._flow, outbound, b"", pcap.SYN)
        trace.record(self._flow, not outbound, b"", pcap.SYN)

    async def read(self):
        data = await self._raw.read()
        self._trace.record(self._flow, False, data, pcap.PUSH if len(data) else pcap.FIN)
        return data

    def write_some(self, data) -> int:
        taken = self._raw.write_some(data)
        if taken:
            self._trace.record(self._flow, True, data[:taken], pcap.PUSH)
        return taken

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._trace.record(self._flow, True, b"", pcap.FIN)
        await self._raw.close()


class Transport(wrapper.Transport):
    def __init__(self, inner, trace: Trace) -> None:
        super().__init__(inner, lambda raw, outbound: Connection(raw, trace, outbound))
