"""What only some have: port_pyserial.py is for Windows, rs485_posix.py for Linux and RS-485."""
