"""Build the foreign peers, the S3 server and Reticulum once, each into its own folder of the cache.

    <cache>/peers/<lang>-<hash>/   a build, named by the hash of its sources
    <cache>/peers/<lang>.lock      held while building, so that two runs do not build twice
    <cache>/peers/rust-target/     cargo's own incremental state

The cache is $LIBP2P_EDGE_CACHE or ~/.cache/libp2p-edge.  Nothing is written into the source tree.
Run it as `python3 tests/interop/peers/build.py go|rust|js|py|s3|reticulum|all`: an argv each line.
"""

import fcntl
import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

SOURCES = Path(__file__).resolve().parent
LANGUAGES = ("go", "rust", "js", "py")
S3_SERVER = "github.com/versity/versitygw/cmd/versitygw"  # its version: s3/go.mod
HASH_DIGITS = 12
UNUSED_SECONDS_MAX = 7 * 24 * 3600  # of a build; the js one takes 250 MB
NODE_MAJOR_MIN = 22  # js-libp2p 3 needs Promise.withResolvers and friends
# What a developer may have left behind in a source folder; never part of a build.
_LEFTOVERS = shutil.ignore_patterns("node_modules", "target", "venv", "__pycache__", "*.pyc", ".*")


class Missing(Exception):
    """A tool or header this machine lacks; the text says what to install."""


def cache_dir() -> Path:
    """Where every build of this project goes."""
    return Path(os.environ.get("LIBP2P_EDGE_CACHE") or Path.home() / ".cache" / "libp2p-edge")


def build(lang: str, log: Callable[[str], None] = print) -> list[str]:
    """The argv prefix that starts the peer of ``lang``, built first if it is not in the cache."""
    if lang == "edge":  # this tree's own node, so that it can be driven like the others
        return [sys.executable, str(SOURCES / "edge" / "peer.py")]
    steps, argv = {
        "go": (_build_go, _argv_binary),
        "rust": (_build_rust, _argv_binary),
        "js": (_build_js, _argv_js),
        "py": (_build_py, _argv_py),
        "s3": (_build_s3, _argv_binary),
        "reticulum": (_build_venv, _argv_reticulum),
    }[lang]
    peers = cache_dir() / "peers"
    target = peers / (lang + "-" + _fingerprint(lang))
    if target.is_dir():
        os.utime(target)  # in use
        return argv(target)
    peers.mkdir(parents=True, exist_ok=True)
    with open(peers / (lang + ".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # released when the file closes
        if not target.is_dir():
            _build_into(target, lang, steps, log)
            _forget_old(peers, lang)
    return argv(target)


def _build_into(target: Path, lang: str, steps: Callable, log: Callable) -> None:
    started = time.monotonic()
    log(f"building the {lang} peer into {target} (once; a few minutes)")
    work = Path(tempfile.mkdtemp(prefix=f".{lang}-", dir=target.parent))
    try:
        shutil.copytree(SOURCES / lang, work, dirs_exist_ok=True, ignore=_LEFTOVERS)
        steps(work)
        work.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    log(f"built the {lang} peer in {time.monotonic() - started:.0f} s")


def _forget_old(peers: Path, lang: str) -> None:
    """Builds of other sources, and what a killed build left, go when nobody used them lately."""
    for pattern in (f"{lang}-{'[0-9a-f]' * HASH_DIGITS}", f".{lang}-*"):
        for path in peers.glob(pattern):
            if time.time() - path.stat().st_mtime > UNUSED_SECONDS_MAX:
                shutil.rmtree(path, ignore_errors=True)


def _fingerprint(lang: str) -> str:
    """Names one build: sources, lock files, processor and, where it matters, the Python."""
    digest = hashlib.sha256(platform.machine().encode())
    if lang in ("py", "reticulum"):
        digest.update(sys.version.encode())
    with tempfile.TemporaryDirectory() as copy:
        shutil.copytree(SOURCES / lang, copy, dirs_exist_ok=True, ignore=_LEFTOVERS)
        for path in sorted(Path(copy).rglob("*")):
            if path.is_file():
                digest.update(path.relative_to(copy).as_posix().encode() + b"\0")
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:HASH_DIGITS]


# --- one language each -------------------------------------------------------------------------


def _build_go(work: Path) -> None:
    _need("go", "Go 1.26 or newer (https://go.dev/dl)")
    probe = subprocess.run(["go", "list", "-m"], cwd=work, capture_output=True, text=True)
    if probe.returncode:  # an older Go that may not fetch a newer one
        raise Missing(f"go peer: install Go 1.26 or newer (https://go.dev/dl): {probe.stderr}")
    # Plain Go: the resolver that cgo would bring in is not used and costs memory.
    flags = ["-trimpath", "-buildvcs=false", "-ldflags=-s -w"]
    _run(["go", "build", *flags, "-o", "peer", "."], work, CGO_ENABLED="0")


def _build_s3(work: Path) -> None:
    _need("go", "Go 1.26 or newer (https://go.dev/dl)")
    flags = ["-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-mod=readonly"]
    _run(["go", "build", *flags, "-o", "peer", S3_SERVER], work, CGO_ENABLED="0")


def _build_rust(work: Path) -> None:
    _need("cargo", "Rust (https://rustup.rs)")
    _need("cc", "a C compiler (Debian: apt-get install gcc)")
    cargo_target = work.parent / "rust-target"
    _run(["cargo", "build", "--release", "--locked"], work, CARGO_TARGET_DIR=str(cargo_target))
    shutil.copy2(cargo_target / "release" / "peer", work / "peer")


def _build_js(work: Path) -> None:
    _need("npm", "Node.js with npm (Debian: apt-get install npm)")
    _run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts", "--omit=dev"], work)
    _node(work)  # says now, not at the first start, that there is none


def _build_py(work: Path) -> None:
    _need("cc", "a C compiler (Debian: apt-get install gcc)")
    _need_gmp(work)
    _build_venv(work)


def _build_venv(work: Path) -> None:
    _run([sys.executable, "-m", "venv", "venv"], work)
    pip = ["venv/bin/python", "-m", "pip", "install", "--quiet", "--no-compile"]
    _run([*pip, "--requirement", "requirements.txt"], work)
    _run(["venv/bin/python", "-m", "compileall", "-q", "venv/lib"], work, check=False)


def _argv_binary(target: Path) -> list[str]:
    return [str(target / "peer")]


def _argv_js(target: Path) -> list[str]:
    return [_node(target), str(target / "peer.js")]


def _argv_py(target: Path) -> list[str]:
    return [str(target / "venv" / "bin" / "python"), str(target / "peer.py")]


def _argv_reticulum(target: Path) -> list[str]:
    return [str(target / "venv" / "bin" / "python"), str(target / "end.py")]


def _node(folder: Path) -> str:
    """The Node.js of the lock file where npm has one for this processor, else one on PATH."""
    for bundled in sorted((folder / "node_modules").glob("node-linux-*/bin/node")):
        return str(bundled)
    found = shutil.which("node")
    if found:
        version = subprocess.run([found, "--version"], capture_output=True, text=True).stdout
        if int(version.strip().lstrip("v").split(".")[0] or 0) >= NODE_MAJOR_MIN:
            return found
    raise Missing(f"js peer: needs Node.js {NODE_MAJOR_MIN} or newer for {platform.machine()}")


# --- tools -------------------------------------------------------------------------------------


def _need(tool: str, what: str) -> None:
    if not shutil.which(tool):
        raise Missing(f"`{tool}` is not on PATH: install {what}")


def _need_gmp(work: Path) -> None:
    """py-libp2p draws in fastecdsa, which compiles against GMP; CI installs it, users are told."""
    if _compiles("#include <gmp.h>", work):
        return
    if os.environ.get("CI") == "true" and os.geteuid() == 0 and shutil.which("apt-get"):
        _run(["apt-get", "update", "-q"], work, check=False)
        install = ["apt-get", "install", "-q", "-y", "libgmp-dev"]
        _run(install, work, DEBIAN_FRONTEND="noninteractive")
    if not _compiles("#include <gmp.h>", work):
        raise Missing("gmp.h is missing: install GMP (Debian: apt-get install libgmp-dev)")


def _compiles(source: str, work: Path) -> bool:
    command = ["cc", "-fsyntax-only", "-x", "c", "-"]
    done = subprocess.run(command, input=source.encode(), cwd=work, capture_output=True)
    return done.returncode == 0


def _run(command: list[str], work: Path, check: bool = True, **environment: str) -> None:
    """Run one step politely; its output is shown only if it fails."""
    step = subprocess.run(
        ["nice", "-n", "5", *command],
        cwd=work,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    if check and step.returncode:
        said = step.stdout[-8000:]
        raise RuntimeError(f"{shlex.join(command)} failed ({step.returncode}):\n{said}")


def main(arguments: list[str]) -> int:
    """Build what is named and print each argv."""
    programs = (*LANGUAGES, "s3", "reticulum")
    if len(arguments) != 1 or arguments[0] not in (*programs, "all"):
        print(f"usage: build.py {'|'.join(programs)}|all", file=sys.stderr)
        return 2
    status = 0
    for lang in programs if arguments[0] == "all" else arguments:
        try:
            print(shlex.join(build(lang, log=lambda text: print(text, file=sys.stderr))))
        except (Missing, RuntimeError) as error:
            print(f"{lang}: {error}", file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
