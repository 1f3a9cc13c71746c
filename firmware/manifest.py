"""What a chip carries: a list of files, never a copy.

A manifest as MicroPython's own build takes it (`make FROZEN_MANIFEST=.../firmware/manifest.py`).
`python3 -m tools firmware` reads the same list and compiles it to .mpy files.  A feature is left
out of a firmware by leaving its files out of here; tests/tools/test_firmware.py holds that what
stays is complete.
"""

package(
    "edge",
    (
        "__init__.py",
        "errors.py",
        "system/__init__.py",
        "system/aio.py",
        "system/clock.py",
        "system/entropy.py",
        "system/files.py",
        "system/files_flash.py",
        "system/log.py",
        "system/net.py",
        "swarm/transport.py",
        "wire/__init__.py",
        "wire/buffer.py",
        "wire/multiaddr.py",
        "wire/multibase.py",
        "wire/multihash.py",
        "wire/protobuf.py",
        "wire/varint.py",
    ),
    base_path="..",
    opt=3,
)
package("transports", ("__init__.py", "tcp.py"), base_path="..", opt=3)
