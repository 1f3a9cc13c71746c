"""What is measured: `edge run` itself, and the peer programs of every implementation."""

import asyncio
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

from tests.interop.peers import build
from tools import ROOT, say

LOOPBACK = "/ip4/127.0.0.1/tcp/0"
READY_TIMEOUT_S = 60
STOP_TIMEOUT_S = 8
ERROR_BYTES_MAX = 600  # of what a program said last, shown when it fails


class ProgramError(Exception):
    """A program that is measured does not do its part; the text ends with its last words."""


class Program:
    """One node, from its start to its end: says that it is ready, and serves; nothing is read."""

    def __init__(self, process, folder: tempfile.TemporaryDirectory, is_service: bool) -> None:
        self._process = process
        self._folder = folder
        self._is_service = is_service  # leaves when a signal says so, not at the end of its input
        self._drain: asyncio.Task | None = None
        self.ready: dict = {}
        self.ready_s = 0.0  # from exec to its first line

    @classmethod
    async def start(cls, lang: str, *options: str, real: bool = True, environment=()) -> "Program":
        """A listening node of ``lang``; of edge the command itself, or, not ``real``, its peer
        program, which has the test protocols."""
        folder = tempfile.TemporaryDirectory(prefix="edge-bench-")
        argv = [*build.build(lang, log=say), "--quiet"]
        is_service = real and lang == "edge"
        if is_service:
            argv = [sys.executable, "-m", "edge", "run", "--json", "--data", folder.name + "/data"]
        with Path(folder.name, "errors").open("wb") as errors:  # noqa: ASYNC230 (a local file)
            began = time.monotonic()
            process = await asyncio.create_subprocess_exec(
                *argv, "--listen", LOOPBACK, *options,
                cwd=ROOT, env={**os.environ, **dict(environment)},
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors,
            )  # fmt: skip
        program = cls(process, folder, is_service)
        try:
            await program._get_ready(lang, began)
        except BaseException:
            await program.stop()
            raise
        program._drain = asyncio.create_task(program._forget())
        return program

    async def _get_ready(self, lang: str, began: float) -> None:
        async with asyncio.timeout(READY_TIMEOUT_S):
            line = await self._process.stdout.readline()
        self.ready_s = time.monotonic() - began
        if b'"ready"' not in line:
            raise ProgramError(f"{lang} does not get ready: {self._last_words()}")
        self.ready = json.loads(line)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def address(self) -> str:
        return self.ready["addresses"][0]

    @property
    def peer_id(self) -> str:
        return self.ready["peer_id"]

    @property
    def port(self) -> int:
        return int(self.address.split("/")[4])

    def _last_words(self) -> str:
        return (Path(self._folder.name) / "errors").read_text("utf-8", "replace")[-ERROR_BYTES_MAX:]

    async def stop(self) -> None:
        """Ask it to leave, in the way it understands; kill it if it does not."""
        process = self._process
        process.stdin.close()
        if self._is_service and process.returncode is None:
            process.terminate()
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await process.wait()
        except TimeoutError:
            pass
        finally:
            if process.returncode is None:
                process.kill()
            if self._drain:
                self._drain.cancel()
            self._folder.cleanup()
        await process.wait()

    async def _forget(self) -> None:
        while await self._process.stdout.read(65536):
            pass

    async def __aenter__(self) -> "Program":
        return self

    async def __aexit__(self, *_) -> None:
        await self.stop()


def memory_bytes(pid: int) -> dict[str, int]:
    """Resident memory of a process; proportional too (``pss``), where the kernel tells."""
    found = {}
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        for name in ("Rss", "Pss"):
            found[name.lower()] = int(re.findall(rf"^{name}:\s+(\d+) kB", text, re.M)[0]) * 1024
    except (OSError, IndexError):
        shown = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True)
        found["rss"] = int(shown.stdout) * 1024
    return found


def processor_s(*pids: int) -> float | None:
    """Processor time the processes have used, all threads; None where /proc does not tell."""
    ticks = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            return None
        ticks += int(fields[11]) + int(fields[12])  # user, system
    return ticks / os.sysconf("SC_CLK_TCK")


def machine() -> dict[str, str]:
    """What the numbers depend on besides the programs."""
    model = platform.processor() or platform.machine()
    try:
        text = Path("/proc/cpuinfo").read_text()
        model = re.findall(r"^(?:model name|Model)\s*:\s*(.+)", text, re.M)[0]
    except (OSError, IndexError):
        pass
    return {
        "processor": f"{os.cpu_count()} x {model}",
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "load": "{:.1f} {:.1f} {:.1f}".format(*os.getloadavg()),
    }


def runtime(lang: str) -> str:
    """What the program of ``lang`` runs on, as far as that can be asked."""
    argv = build.build(lang, log=say)
    if lang == "edge":
        from cryptography.hazmat.backends.openssl import backend

        versions = [f"{name} {metadata.version(name)}" for name in ("cryptography", "zeroconf")]
        return ", ".join(
            ["Python " + platform.python_version(), *versions, backend.openssl_version_text()]
        )
    if lang in ("js", "py"):
        shown = subprocess.run([argv[0], "--version"], capture_output=True, text=True)
        return ("Node.js " if lang == "js" else "") + shown.stdout.strip()
    return "release build"
