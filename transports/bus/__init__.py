"""A shared half-duplex bus, RS-485 multi-drop: one polls, the others answer.  See README.md."""
