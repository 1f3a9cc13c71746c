"""One end of a serial line, as Reticulum: a link over it, told what to do by JSON lines.

    end.py '{"kind": "SerialInterface", "port": "/dev/ttyUSB0", "baud": 115200, ..}'

`tests/bench/serial_edge.py` is the same for libp2p: commands, answers and moments are alike.  What
is received is a Resource, Reticulum's own reliable transfer, not compressed; a ping is a packet of
32 bytes on the link and its proof.
"""

import json
import os
import random
import sys
import threading
import time

import RNS

APP = ("bench", "serial")
PATTERN = random.Random(1).randbytes(1 << 20)
PING_BYTES = 32
REST_S = 0.15
LOOK_S = 0.005
ANNOUNCE_S = 3  # until a path that is not known is asked for again
LINK_TIMEOUT_S = 10
CONFIG = """
[reticulum]
enable_transport = no
share_instance = no
panic_on_interface_error = no

[logging]
loglevel = 4

[interfaces]
[[line]]
type = {kind}
enabled = yes
port = {port}
speed = {baud}
databits = 8
parity = none
stopbits = 1
"""


class Failure(Exception):
    """Reticulum did not do it; the text says what is so now."""


class End:
    def __init__(self, kind, port, baud, folder, listens):
        os.makedirs(folder, exist_ok=True)
        with open(folder + "/config", "w") as file:
            file.write(CONFIG.format(kind=kind, port=port, baud=baud))
        RNS.Reticulum(folder, logdest=RNS.LOG_FILE)
        self.listens = listens
        self._link = None
        self._bulk = None  # what is sent
        self._incoming = None  # what is received
        self._last = None
        self._is_intact = True
        self._last_size = 0
        if listens:
            self._identity = RNS.Identity()
            self._destination = RNS.Destination(
                self._identity, RNS.Destination.IN, RNS.Destination.SINGLE, *APP
            )
            self._destination.set_proof_strategy(RNS.Destination.PROVE_ALL)
            self._destination.set_link_established_callback(self._established)

    def online(self):
        """Once the port is open."""
        while not all(interface.online for interface in RNS.Transport.interfaces):
            time.sleep(LOOK_S)
        return {"hash": self._destination.hash.hex() if self.listens else None}

    def announce(self):
        self._destination.announce()
        return {}

    def connect(self, hash):
        """A link to who is known by ``hash``: announced before, as to whoever comes to know it."""
        began = time.monotonic()
        address = bytes.fromhex(hash)
        while not RNS.Transport.has_path(address):
            if time.monotonic() - began > ANNOUNCE_S:
                raise Failure("no announce came")
            time.sleep(LOOK_S)
        identity = RNS.Identity.recall(address)
        out = RNS.Destination(identity, RNS.Destination.OUT, RNS.Destination.SINGLE, *APP)
        link = self._link = RNS.Link(out)
        while link.status != RNS.Link.ACTIVE:
            if link.status == RNS.Link.CLOSED or time.monotonic() - began > LINK_TIMEOUT_S:
                raise Failure("no link")
            time.sleep(LOOK_S)
        return {"s": time.monotonic() - began}

    def _established(self, link):
        self._link = link
        link.set_resource_strategy(RNS.Link.ACCEPT_ALL)
        link.set_resource_started_callback(self._started)
        link.set_resource_concluded_callback(self._concluded)

    def identified(self):
        until = time.monotonic() + LINK_TIMEOUT_S
        while not self._link:
            if time.monotonic() > until:
                raise Failure("the other end knows of no link")
            time.sleep(LOOK_S)
        return {}

    def open_ping(self):
        time.sleep(REST_S)
        return {}

    def ping(self, count, rest_s=REST_S, timeout_s=2):
        """When each was sent and was back; None for one that was not."""
        times = []
        for _ in range(count):
            times.append(self._ping(timeout_s))
            time.sleep(rest_s)
        return {"times": times}

    def _ping(self, timeout_s):
        if self._link.status == RNS.Link.CLOSED:
            raise Failure("link died")
        came, began = threading.Event(), time.monotonic()
        ends = []

        def delivered(receipt):
            ends.append(time.monotonic())
            came.set()

        receipt = RNS.Packet(self._link, os.urandom(PING_BYTES)).send()
        if not receipt:
            return None
        receipt.set_timeout(timeout_s)
        receipt.set_delivery_callback(delivered)
        if receipt.get_status() == RNS.PacketReceipt.DELIVERED and not ends:
            delivered(receipt)
        came.wait(timeout_s)
        return [began, ends[0]] if ends else None

    def resume(self, limit_s):
        """Pings until one is answered: when."""
        until = time.monotonic() + limit_s
        while time.monotonic() < until:
            times = self._ping(1)
            if times:
                return {"at": times[1]}
        raise Failure("not back within {} s".format(limit_s))

    def bulk(self, size, limit_s=600):
        """Send so many bytes; in which state it ends."""
        if self._link.status == RNS.Link.CLOSED:
            raise Failure("link died")
        data = (PATTERN * (size // len(PATTERN) + 1))[:size]
        began = time.monotonic()
        self._bulk = RNS.Resource(data, self._link, auto_compress=False)
        while self._bulk.status < RNS.Resource.COMPLETE:
            if time.monotonic() - began > limit_s:
                return {"began": began, "sent": size, "state": "unfinished"}
            time.sleep(LOOK_S)
        done = self._bulk.status == RNS.Resource.COMPLETE
        dead = self._link.status == RNS.Link.CLOSED
        state = "done" if done else "link died" if dead else "transfer failed"
        return {"began": began, "sent": size, "state": state}

    def stop(self):
        if self._bulk:
            self._bulk.cancel()
        return {}

    def _started(self, resource):
        self._incoming, self._last, self._is_intact = resource, None, True
        self._last_size = 0

    def _concluded(self, resource):
        self._last = time.monotonic()
        if resource.status == RNS.Resource.COMPLETE:
            data = resource.data.read()
            self._last_size = len(data)
            self._is_intact = data == (PATTERN * (len(data) // len(PATTERN) + 1))[: len(data)]

    def received(self):
        """Of the transfer that came last: bytes, when it was over, whether all were right."""
        size = self._last_size
        if self._incoming and self._incoming.status < RNS.Resource.COMPLETE:
            size = int(self._incoming.get_progress() * self._incoming.total_size)
        return {"bytes": size, "last": self._last, "intact": self._is_intact}


def main(options):
    end = End(**options)
    say(event="ready", version=RNS.__version__)
    for line in sys.stdin:
        threading.Thread(target=answer, args=(end, json.loads(line)), daemon=True).start()
    os._exit(0)  # its threads do not all end


def answer(end, fields):
    number, name = fields.pop("id"), fields.pop("cmd")
    try:
        say(id=number, ok=True, **getattr(end, name)(**fields))
    except Failure as error:
        say(id=number, ok=True, failed=str(error))
    except Exception as error:
        say(id=number, ok=False, error=str(error) or type(error).__name__)


def say(**fields):
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
