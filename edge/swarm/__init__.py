"""The swarm: everything up to "open a stream".

transport.py     what every file of transports/ must be
protocol_muxer/  agree on one protocol for one byte stream
crypto/          make it private, and know the peer
stream_muxer/    many streams in one connection
upgrader.py      the ladder of those three, as one pure core
connection.py    the one pump between bytes and the tasks that use streams
swarm.py         listens, dials, accepts, within limits.py
dialing/         which address when, and who is wanted
protocols/       what every node speaks: identify, ping, perf
nat/             how others see us
"""
