"""What a system that has run out of something does to sockets, and that it passes."""

import errno
import socket

import pytest

from edge.errors import LinkError
from edge.system import aio, net
from tests import kit


class Troubled:
    """A listening socket whose first accepts fail."""

    def __init__(self, sock: socket.socket, errors: list[int]) -> None:
        self._sock = sock
        self._errors = errors

    def accept(self):
        if self._errors:
            raise OSError(self._errors.pop(0), "trouble")
        return self._sock.accept()

    def __getattr__(self, name: str):
        return getattr(self._sock, name)


async def test_accept_goes_on_after_every_shortage(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(net, "FULL_PAUSE_MS", 5)
    server = kit.free_server()
    codes = (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS, errno.ECONNABORTED)
    server._socket = Troubled(server._socket, list(codes))
    dialed = await net.connect("127.0.0.1", server.port)
    accepted, host, _ = await aio.wait_for_ms(server.accept(), 20000)
    assert host == "127.0.0.1" and not server._socket._errors
    for end in (dialed, accepted, server):
        await end.close()


async def test_an_accepted_socket_that_is_gone_already_is_left_alone():
    server = kit.free_server()
    fails = [True]

    def make(sock: socket.socket) -> net.Stream:
        if fails:
            fails.clear()
            sock.close()
            raise OSError(errno.EINVAL, "gone")  # what macOS says of a connection that was reset
        return net.Stream(sock)

    dialed = [await net.connect("127.0.0.1", server.port) for _ in range(2)]
    accepted, _, _ = await aio.wait_for_ms(server.accept(make), 20000)
    for end in (*dialed, accepted, server):
        await end.close()


async def test_no_descriptor_for_a_dial_is_a_link_error(monkeypatch: pytest.MonkeyPatch):
    def none_left(*_: object) -> None:
        raise OSError(errno.EMFILE, "none left")

    monkeypatch.setattr(socket, "socket", none_left)
    await kit.raises_async(LinkError, net.connect("127.0.0.1", 1))


async def test_text_that_can_be_no_name_is_a_link_error():
    for name in ("a" * 64, "a..b", "nul\0nul", "é" * 70):
        await kit.raises_async(LinkError, net.resolve(name, 1))
