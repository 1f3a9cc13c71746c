"""Messages on a stream, each behind its length, as most protocols of libp2p send them."""

from edge.wire.buffer import Buffer


async def read_frame(stream, inbox: Buffer, size_max: int, held_max: int = 0) -> "bytes | None":
    """The next message; None at the end of the stream, or when ``inbox`` holds ``held_max``.

    ``inbox`` keeps what has come of those behind it.  RemoteError if the message is to be longer
    than ``size_max`` bytes, EOFError if it ends early.
    """
    while True:
        frame = inbox.take_frame(size_max)
        if frame is not None:
            return frame
        if held_max and len(inbox) > held_max:
            return None
        data = await stream.read()
        if not data:
            if len(inbox):
                raise EOFError
            return None
        inbox.append(data)
