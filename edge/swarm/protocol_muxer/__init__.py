"""Protocol muxer: two ends of a byte stream agree on what it will carry.

An inhabitant gives two pure cores, Dialer(protocols) and Listener(protocols), with the verbs
receive_data, next_event, data_to_send, and the events below.
"""

from collections import namedtuple

Agreed = namedtuple("Agreed", ("protocol", "trailing"))  # trailing: bytes of the agreed protocol
Refused = namedtuple("Refused", ("protocols",))  # all that were offered
