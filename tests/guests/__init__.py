"""Guests in QEMU: a Linux kernel of Debian's, a root of Python and busybox, and what they run.

    image.py     builds kernel and root out of Debian's packages, once
    cpio.py      packs files as the kernel unpacks them
    machine.py   one QEMU: its monitor, and lines to and from the guest's program
    guest.py     the guest's end of those lines

tests/power and tests/drivers say what guest they need.  No KVM, no root, no network.
"""
