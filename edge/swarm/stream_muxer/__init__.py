"""Stream muxer: one connection carries many streams, each with its own flow control.

An inhabitant is a pure core for one end of a connection:

    receive_data(data)                bytes from the peer, in any pieces
    next_event() -> event or None     the namedtuples below
    data_to_send() -> bytes           everything pending, given away
    pending() -> int                  how many bytes that would be
    open_stream() -> id               LimitError when the peer has too many to answer
    send_data(id, data) -> int        how many bytes the peer's window took
    consumed(id, size, eager) -> bool the application has read them: the peer may send more
    close_write(id), reset(id)        end our direction, end both at once
    is_open(id) -> bool               either end may still send
    go_away(code)                     no new streams, please
    deadline(), handle_deadline(now)  keepalive; times in ms
"""

from collections import namedtuple

StreamOpened = namedtuple("StreamOpened", ("id",))  # by the peer
StreamData = namedtuple("StreamData", ("id", "data"))
StreamEnded = namedtuple("StreamEnded", ("id",))  # the peer will send no more
StreamReset = namedtuple("StreamReset", ("id", "code"))
WindowOpened = namedtuple("WindowOpened", ("id",))  # send_data may take more
GoneAway = namedtuple("GoneAway", ("code",))  # the peer opens and accepts no more streams
GoneSilent = namedtuple("GoneSilent", ("ping",))  # one was not answered
