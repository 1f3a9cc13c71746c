"""What a node has of this machine: the kernel's interfaces, and its memory on the disk."""

from edge.cli.data_dir import DataDir
from edge.errors import LocalError
from edge.identity import peer_store_file
from edge.node import Home
from edge.system import clock, files
from edge.system.log import Log
from transports.multicast.interfaces import open_interfaces

_log = Log("edge")


class MachineHome(Home):
    """Interfaces of the kernel, memory in the data directory."""

    def __init__(self, data: DataDir) -> None:
        self.interfaces = open_interfaces()
        self.records_path = data.records_path
        self._data = data
        self._seq = 0  # of the last peer record of this process

    def load(self, store, now: int) -> None:
        try:
            lost = peer_store_file.load(store, self._data.peers_path, now)
        except LocalError as error:
            self._begin_anew(error)
            return
        if lost:
            kept = self._data.keep_copy(self._data.peers_path)
            _log.warn("{} damaged entries in the peer store; as it was, it is in {}", lost, kept)

    def _begin_anew(self, error: LocalError) -> None:
        """Nobody may be near to repair a file: a node that has forgotten is better than none."""
        kept = self._data.set_aside(self._data.peers_path)
        _log.warn("no peer is remembered: {}; it is kept in {}", error, kept)

    def save(self, store, now: int) -> None:
        peer_store_file.save(store, self._data.peers_path, now)

    def load_provided(self) -> list[bytes]:
        from edge.routing import provided_file

        return provided_file.load(self._data.provided_path)

    def save_provided(self, keys: list[bytes]) -> None:
        from edge.routing import provided_file

        provided_file.save(self._data.provided_path, keys)

    def has_records(self) -> bool:
        return files.exists(self._data.records_path)

    def load_observed(self) -> bytes | None:
        return files.read(self._data.observed_path)

    def save_observed(self, data: bytes) -> None:
        files.write_atomic(self._data.observed_path, data, private=True)

    def seal(self, key, addresses: list) -> bytes | None:
        from edge.identity import peer_record, record_seq

        try:
            self._seq = record_seq.next_seq(self._data.seq_path)
        except LocalError:  # a full disk: count on from the clock
            self._seq = record_seq.after(self._seq, clock.unix_ms())
        return peer_record.seal(key, self._seq, addresses)


class GuestHome(MachineHome):
    """For a command without a running node: knows what that one knew, and changes nothing."""

    def save(self, store, now: int) -> None:
        pass

    def _begin_anew(self, error: LocalError) -> None:
        _log.warn("no peer is remembered: {}", error)

    def load_provided(self) -> list[bytes]:
        return []

    def save_provided(self, keys: list[bytes]) -> None:
        raise LocalError("no node is running here that could go on providing; start 'edge run'")

    def seal(self, key, addresses: list) -> bytes | None:
        return None
