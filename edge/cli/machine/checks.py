"""What `edge doctor` looks at: each check is a function that yields findings.

A finding is (level, text, advice): level "ok", "warn" (works, but) or "fail" (does not work), and
advice says what to do about it, in words one can type.
"""

import contextlib
import importlib
import importlib.util
import os
import platform
import shutil
import socket
import struct
import sys
import time
from collections.abc import Iterator

from edge import routing
from edge.cli import UsageError, control, settings
from edge.cli.data_dir import DataDir
from edge.cli.machine.serial_checks import check_serial
from edge.errors import EdgeError
from edge.identity.keys import decode_private_key
from edge.identity.peer_id import PeerId
from edge.system import files
from edge.wire import ip as wire_ip
from transports.multicast.interfaces import open_interfaces
from transports.multicast.sockets_posix import open_socket, to_address

Finding = tuple[str, str, str]

_MDNS_GROUPS = {4: b"\xe0\0\0\xfb", 16: b"\xff\x02" + bytes(13) + b"\xfb"}  # by size of an address
_MDNS_PORT = 5353
_PORT_DEFAULT = 4001
_CLOCK_LEAST_S = 1735689600  # 2025-01-01: before this code was written
_CLOCK_MOST_S = 4102444800  # 2100-01-01
_FILES_LEAST = 1024  # open files a node may need
_DISK_LEAST_BYTES = 1048576
_DISK_GOOD_BYTES = 16777216
_ECHO_TIMEOUT_S = 0.5  # for a multicast packet to come back to its own machine


def check_python(_: DataDir) -> Iterator[Finding]:
    version = platform.python_version()
    if sys.version_info < (3, 11):
        yield "fail", f"Python {version}", "install Python 3.11 or newer"
    else:
        yield "ok", f"Python {version} ({platform.machine()})", ""


def check_packages(_: DataDir) -> Iterator[Finding]:
    python = os.path.basename(sys.executable)
    for name, level, without in (
        ("cryptography", "warn", "encryption runs in pure Python, about a hundred times slower"),
        ("zeroconf", "ok", "nothing is amiss, unless the setting mdns_agent is false"),
    ):
        if importlib.util.find_spec(name) is None:
            advice = f"{python} -m pip install {name}" if level == "warn" else ""
            yield level, f"{name} is missing: {without}", advice
            continue
        try:
            module = importlib.import_module(name)
            yield "ok", f"{name} {module.__version__}", ""
        except Exception as error:  # a binary wheel for another machine fails in any way it likes
            yield "fail", f"{name} does not load: {error}", f"reinstall it: pip install -U {name}"


def check_data(data: DataDir) -> Iterator[Finding]:
    """The directory, its disk, and who uses it."""
    place = data.path
    while not os.path.isdir(place):
        place = os.path.dirname(place)
    if not os.access(place, os.W_OK | os.X_OK):
        yield "fail", f"{place} is not writable", "choose another place with --data, or chown it"
        return
    free = shutil.disk_usage(place).free
    text = f"{data.path} ({free // 1048576} MB free)"
    if free < _DISK_LEAST_BYTES:
        yield "fail", f"{text}: the disk is full", "free some space; the node runs but forgets"
    elif free < _DISK_GOOD_BYTES:
        yield "warn", f"{text}: the disk is nearly full", "free some space"
    else:
        yield "ok", text, ""
    if os.statvfs(place).f_files and not os.statvfs(place).f_favail:
        yield "fail", "the file system has no inodes left", "remove files nobody needs"


def check_identity(data: DataDir) -> Iterator[Finding]:
    try:
        encoded = files.read(data.identity_path)
        key = decode_private_key(encoded) if encoded is not None else None
    except EdgeError as error:
        yield "fail", f"{data.identity_path}: {error}", "put a backup in its place, or move it away"
        return
    if key is None:
        yield "ok", "no identity yet: 'edge run' makes one", ""
    elif data.identity_mode():
        yield "warn", "other users can read the identity", f"chmod 600 {data.identity_path}"
    else:
        yield "ok", str(PeerId.from_public_key(key.public)), ""


def check_node(data: DataDir) -> Iterator[Finding]:
    try:
        found: list[dict] = []
        if control.ask(data.control_path, {"do": "status"}, found.append):
            yield "ok", f"a node is running (process {found[0]['pid']})", ""
            return
    except EdgeError as error:
        yield "fail", f"a node is running but does not answer: {error}", "restart it"
        return
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("0.0.0.0", _PORT_DEFAULT))
        yield "ok", f"no node is running; TCP port {_PORT_DEFAULT} is free", ""
    except OSError:
        yield (
            "warn",
            f"no node is running, and another program has TCP port {_PORT_DEFAULT}",
            "nothing: 'edge run' takes another port and says which; or name one with --listen",
        )


def check_interfaces(_: DataDir) -> Iterator[Finding]:
    """Which interfaces have an address; then whether multicast works on each."""
    usable = multicast_hosts()
    deaf = [(name, ip) for name, ip in ipv4_interfaces()
            if not ip.startswith("127.") and name not in [name for name, _ in usable]]  # fmt: skip
    if not usable and not deaf:
        yield "fail", "no network interface has an address", "plug in a cable, or join a Wi-Fi"
    for name, ip in deaf:
        yield "fail", f"{name} {ip}: no multicast", _MULTICAST_ADVICE.format(name)
    for name, host in usable:
        text = f"{name} {wire_ip.text(host)}"
        problem = multicast_problem(name, host)
        if problem:
            yield "fail", f"{text}: no multicast: {problem}", _MULTICAST_ADVICE.format(name)
        else:
            yield "ok", f"{text}, multicast works", ""


_MULTICAST_ADVICE = (
    "'ip link show {0}' must say MULTICAST, and the firewall must let UDP port 5353 pass; "
    "without it peers are found with --peer and --bootstrap only"
)


def check_ipv6(_: DataDir) -> Iterator[Finding]:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::", 0))
        yield "ok", "IPv6 is on", ""
    except OSError as error:
        yield "warn", f"IPv6 is off ({error.strerror})", "nothing, if your LAN has none"


def check_mdns_port(_: DataDir) -> Iterator[Finding]:
    """Several programs may share port 5353 if all of them say so, as avahi-daemon does."""
    names = udp_holders(_MDNS_PORT)
    shared = f"; shared with {', '.join(names)}, which does no harm" if names else ""
    try:
        for interface, host in multicast_hosts():
            open_socket(interface, host, _MDNS_GROUPS[len(host)]).close()  # as the node does
        yield "ok", f"UDP port {_MDNS_PORT} (mDNS) can be used{shared}", ""
    except OSError as error:
        holder = ", ".join(names) or "some program"
        yield (
            "fail",
            f"UDP port {_MDNS_PORT} (mDNS): {error.strerror}",
            f"{holder} keeps it for itself: stop it ('sudo ss -ulpn sport = 5353' names it)",
        )


def check_routing(data: DataDir) -> Iterator[Finding]:
    """Whom the configuration asks for peers, and whether that can be."""
    try:
        config = settings.load(data, None, {})
    except UsageError as error:
        yield "fail", str(error).split("\n")[0], "'edge config' shows every setting with its bounds"
        return
    missing = [name for name in config.routing if name not in routing.NAMES]
    if missing:
        from importlib import metadata

        known = [point.name for point in metadata.entry_points(group=routing.ENTRY_POINTS)]
        missing = [name for name in missing if name not in known]
    if missing:
        advice = f"install the package with the entry point {routing.ENTRY_POINTS}: {missing[0]}"
        yield "fail", f"no routing is called {', '.join(missing)}", f"{advice}, or leave it out"
    elif not config.routing:
        advice = "nothing, if each peer is named with its address; or list some: 'edge config'"
        yield "warn", "nobody is asked for peers: the setting 'routing' is empty", advice
    elif "mdns" in config.routing and not (config.mdns and config.mdns_agent):
        advice = "set mdns and mdns_agent to true, or leave mdns out of routing"
        yield "warn", "nobody on the LAN is asked for keys: mDNS is off, or another's", advice
    elif "kad-wan" in config.routing and not config.bootstrap:
        advice = "name one with --bootstrap, or in the configuration"
        yield "warn", "kad-wan knows nobody to ask first", advice
    else:
        yield "ok", "asks " + ", ".join(config.routing), ""


def check_clock(_: DataDir) -> Iterator[Finding]:
    now = time.time()
    shown = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(now))
    if not _CLOCK_LEAST_S < now < _CLOCK_MOST_S:
        yield (
            "warn",
            f"the clock is wrong: {shown}",
            "turn on time synchronisation ('timedatectl set-ntp true'); the node runs meanwhile",
        )
    else:
        yield "ok", shown, ""


def check_entropy(_: DataDir) -> Iterator[Finding]:
    if not hasattr(os, "getrandom"):
        return
    try:
        os.getrandom(1, os.GRND_NONBLOCK)
        yield "ok", "the random number generator is ready", ""
    except BlockingIOError:
        yield (
            "warn",
            "the random number generator is not seeded yet: starting waits for it",
            "wait, or install rng-tools (or haveged) on machines without a hardware generator",
        )


def check_files(_: DataDir) -> Iterator[Finding]:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < _FILES_LEAST:
        yield (
            "warn",
            f"at most {soft} open files: connections may be refused",
            f"'ulimit -n {min(max(hard, soft), 4096)}' before 'edge run', or LimitNOFILE=",
        )
    else:
        yield "ok", f"up to {'any number of' if soft < 0 else soft} open files", ""


CHECKS = (
    ("python", check_python),
    ("packages", check_packages),
    ("data", check_data),
    ("identity", check_identity),
    ("node", check_node),
    ("network", check_interfaces),
    ("ipv6", check_ipv6),
    ("mdns", check_mdns_port),
    ("routing", check_routing),
    ("serial", check_serial),
    ("clock", check_clock),
    ("entropy", check_entropy),
    ("files", check_files),
)


def ipv4_interfaces() -> list[tuple[str, str]]:
    """(name, address) of each interface that is up and has one."""
    try:
        import fcntl

        request = 0x8915 if sys.platform == "linux" else 0xC0206921  # SIOCGIFADDR
    except ImportError:
        return []
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            packed = struct.pack("256s", name.encode()[:15])
            try:
                answer = fcntl.ioctl(probe.fileno(), request, packed)
            except OSError:
                continue  # no IPv4 address
            found.append((name, socket.inet_ntoa(answer[20:24])))
    return found


def multicast_hosts() -> list[tuple[str, bytes]]:
    """(name, address of 4 or 16 bytes) of each interface that can carry multicast, for each
    family it has; the loopback is none."""
    interfaces = open_interfaces()
    found = []
    try:
        for name, networks in interfaces.current():
            firsts = {len(host): host for host, _ in reversed(networks)}
            found += [(name, firsts[size]) for size in sorted(firsts)
                      if wire_ip.scope(firsts[size]) != "loopback"]  # fmt: skip
    finally:
        interfaces.close()
    return found


def multicast_problem(interface: str, host: bytes) -> str:
    """Why a multicast packet does not come back over an interface; empty if it does.

    Time to live 0: the packet never leaves this machine.
    """
    word = os.urandom(8)
    group = _MDNS_GROUPS[len(host)]
    is_4 = len(host) == 4
    level, hops = (socket.IPPROTO_IP, socket.IP_MULTICAST_TTL)
    if not is_4:
        level, hops = (socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS)
    try:
        with (
            open_socket(interface, host, group, 0) as receiver,
            open_socket(interface, host, group, 0) as sender,
        ):
            receiver.settimeout(_ECHO_TIMEOUT_S)
            sender.setsockopt(level, hops, 0)
            sender.sendto(word, to_address(group, receiver.getsockname()[1], interface))
            while receiver.recv(64) != word:
                pass
    except TimeoutError:
        return "a packet to itself got lost"
    except OSError as error:
        return error.strerror or str(error)
    return ""


def udp_holders(port: int) -> list[str]:
    """Names of the programs that hold a UDP port, as far as we may see them (Linux)."""
    sockets = {f"socket:[{inode}]" for inode in _udp_inodes(port)}
    if not sockets:
        return []
    names = set()
    for pid in _names_in("/proc"):
        if pid.isdigit() and sockets & set(_links_in(f"/proc/{pid}/fd")):
            with contextlib.suppress(OSError), open(f"/proc/{pid}/comm") as comm:
                names.add(comm.read().strip())
    return sorted(names) or ["a program of another user"]


def _udp_inodes(port: int) -> Iterator[str]:
    for table in ("/proc/net/udp", "/proc/net/udp6"):
        with contextlib.suppress(OSError), open(table) as lines:
            rows = [line.split() for line in lines]
            yield from (row[9] for row in rows[1:] if row[1].endswith(f":{port:04X}"))


def _links_in(folder: str) -> Iterator[str]:
    for name in _names_in(folder):
        with contextlib.suppress(OSError):
            yield os.readlink(f"{folder}/{name}")


def _names_in(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []  # another user's, or gone
