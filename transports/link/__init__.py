"""An ordered byte stream over an unreliable medium that keeps the order: a cable, a bus, a radio.

    bytes <-> session.py  who is there, what they agreed, when to speak
                sender.py    what is under way, what was lost
                receiver.py  what came, what is missing
                line.py      what is known of the medium: rate, delay, errors
              message.py  what is in a frame
              frames.py   frames in a stream of bytes

All of it is pure: no clock, no randomness, no tasks.  README.md is the specification.
"""
