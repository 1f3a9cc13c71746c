"""The data directory: what a node keeps between two starts, and the lock that keeps it alone.

Its files:

    identity.key   the private key, libp2p's protobuf form; mode 0600, never overwritten
    peers          the peer store
    provided       the keys this node provides
    records/       the record store
    observed       the time, as far as it was known last
    record-seq     the number of the last signed peer record
    config.toml    the configuration, if there is one
    control        the socket of the running node; mode 0600
    lock           held by the running node, with its process id inside
"""

import errno
import fcntl
import os
import stat

from edge.cli import UsageError
from edge.errors import LocalError
from edge.identity import identity_file
from edge.identity.keys import PrivateKey
from edge.system import files

_PRIVATE_BITS = 0o077  # what group and others must not have on the identity


class DataDir:
    """Paths of one data directory and the few things done with them before a node exists."""

    def __init__(self, path: str | None = None) -> None:
        if path == "":
            raise UsageError("--data names no directory")
        self.path = os.path.abspath(path or default_path())
        self.identity_path = os.path.join(self.path, "identity.key")
        self.peers_path = os.path.join(self.path, "peers")
        self.provided_path = os.path.join(self.path, "provided")
        self.records_path = os.path.join(self.path, "records")
        self.observed_path = os.path.join(self.path, "observed")
        self.seq_path = os.path.join(self.path, "record-seq")
        self.config_path = os.path.join(self.path, "config.toml")
        self.control_path = os.path.join(self.path, "control")
        self.lock_path = os.path.join(self.path, "lock")
        self._lock_fd = -1

    def create(self) -> None:
        """Make the directory; one that exists is left as it is."""
        files.make_dir(self.path, private=True)

    def lock(self) -> bool:
        """Claim the directory for this process; False where it cannot be written at all."""
        try:
            fd = os.open(self.lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            if error.errno in (errno.EROFS, errno.ENOSPC, errno.EDQUOT):
                return False
            raise LocalError(
                f"cannot write in the data directory {self.path}: {error.strerror}\n"
                "choose another one with --data DIR, or become its owner"
            ) from None
        if not _try_lock(fd):
            holder = _pid_of(fd)
            os.close(fd)
            raise LocalError(
                f"another node{holder} is running on {self.path}\n"
                "other commands speak to it as it is; for a second node choose --data DIR"
            )
        self._lock_fd = fd
        try:
            os.ftruncate(fd, 0)
            os.pwrite(fd, b"%d\n" % os.getpid(), 0)
        except OSError:
            pass  # a full disk: the lock holds without the number
        return True

    def unlock(self) -> None:
        if self._lock_fd >= 0:
            os.close(self._lock_fd)
            self._lock_fd = -1

    def load_identity(self) -> PrivateKey | None:
        """The identity, None if there is none yet; LocalError if there is one nobody can use."""
        return identity_file.load(self.identity_path)

    def open_identity(self) -> tuple[PrivateKey, bool]:
        """The identity and whether it is new: made now, because there was none."""
        is_new = not files.exists(self.identity_path)
        if is_new:
            self.create()
        return identity_file.load_or_create(self.identity_path), is_new

    def keep_copy(self, path: str) -> str:
        """Copy a file under a name nothing has yet, and return that name."""
        kept = _free_name(path)
        files.write_new(kept, files.read(path) or b"", private=True)
        return kept

    def set_aside(self, path: str) -> str:
        """Rename a file to a name nothing has yet, and return where it is afterwards."""
        kept = _free_name(path)
        try:
            os.rename(path, kept)
        except OSError:
            return path  # a medium that cannot be written
        return kept

    def identity_mode(self) -> int | None:
        """Permission bits of the identity that others should not have; None without identity."""
        try:
            return stat.S_IMODE(os.stat(self.identity_path).st_mode) & _PRIVATE_BITS
        except OSError:
            return None


def _free_name(path: str) -> str:
    number = 1
    while os.path.lexists(f"{path}.old{number}"):
        number += 1
    return f"{path}.old{number}"


def default_path() -> str:
    """$EDGE_DATA, else where systemd says, else the XDG base directory specification's place."""
    given = os.environ.get("EDGE_DATA") or os.environ.get("STATE_DIRECTORY", "").split(":")[0]
    if given:
        return given
    state = os.environ.get("XDG_STATE_HOME", "")
    if not os.path.isabs(state):
        state = os.path.expanduser("~/.local/state")
    return os.path.join(state, "libp2p-edge")


def _try_lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _pid_of(fd: int) -> str:
    pid = os.pread(fd, 16, 0).strip()
    return f" (process {int(pid)})" if pid.isdigit() else ""
