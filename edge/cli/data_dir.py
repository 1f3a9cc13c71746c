"""The data directory: what a node keeps between two starts, and the lock that keeps it alone.

    identity.key   the private key, libp2p's protobuf form; mode 0600, never overwritten
    peers          the peer store
    config.toml    the configuration, if there is one
    control        the socket of the running node; mode 0600
    lock           held by the running node, with its process id inside
"""

import errno
import fcntl
import os
import stat

from edge.errors import EdgeError, LocalError
from edge.identity.keys import PrivateKey, decode_private_key
from edge.system import files

_PRIVATE_BITS = 0o077  # what group and others must not have on the identity


class DataDir:
    """Paths of one data directory and the few things done with them before a node exists."""

    def __init__(self, path: str | None = None) -> None:
        self.path = os.path.abspath(path or default_path())
        self.identity_path = os.path.join(self.path, "identity.key")
        self.peers_path = os.path.join(self.path, "peers")
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
        """The identity, None if there is none yet; LocalError if there is one nobody can read."""
        data = files.read(self.identity_path)
        if data is None:
            return None
        try:
            return decode_private_key(data)
        except EdgeError as error:
            raise LocalError(
                f"the identity {self.identity_path} is damaged: {error}\n"
                "nothing was changed; put a backup in its place, or move it away to become a "
                "new peer at the next start"
            ) from None

    def open_identity(self) -> tuple[PrivateKey, bool]:
        """The identity and whether it is new: made now, because there was none."""
        key = self.load_identity()
        if key is not None:
            return key, False
        self.create()
        key = PrivateKey.generate()
        try:
            files.write_new(self.identity_path, key.encode(), private=True)
        except LocalError:
            key = self.load_identity()  # another process was faster
            if key is None:
                raise
            return key, False
        return key, True

    def identity_mode(self) -> int | None:
        """Permission bits of the identity that others should not have; None without identity."""
        try:
            return stat.S_IMODE(os.stat(self.identity_path).st_mode) & _PRIVATE_BITS
        except OSError:
            return None


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
