"""What a chip carries: a list of files, never a copy.

Three programs: `leaf`, a swarm in a heap of 64 KB; `node`, with discovery and memory, in 112 KB;
`sensor`, on a cable, with records of its own, in 112 KB.

A manifest as MicroPython's own build takes it (`make FROZEN_MANIFEST=.../firmware/manifest.py`).
`python3 -m tools firmware` reads the same list and compiles it to .mpy files.  A feature is left
out of a firmware by leaving its files out of here; tests/tools/test_firmware.py holds that what
stays is complete.
"""

options.defaults(program="leaf")

package(
    "edge",
    (
        "__init__.py",
        "errors.py",
        "identity/__init__.py",
        "identity/identity_file.py",
        "identity/keys.py",
        "identity/peer_id.py",
        "swarm/__init__.py",
        "swarm/connection.py",
        "swarm/crypto/__init__.py",
        "swarm/crypto/noise.py",
        "swarm/dialing/__init__.py",
        "swarm/dialing/dial_plan.py",
        "swarm/dialing/dialer.py",
        "swarm/protocols/__init__.py",
        "swarm/protocols/identify.py",
        "swarm/protocols/identify_message.py",
        "swarm/limits.py",
        "swarm/nat/__init__.py",
        "swarm/nat/observed.py",
        "swarm/protocols/ping.py",
        "swarm/protocol_muxer/__init__.py",
        "swarm/protocol_muxer/multistream.py",
        "swarm/stream.py",
        "swarm/stream_muxer/__init__.py",
        "swarm/stream_muxer/yamux.py",
        "swarm/swarm.py",
        "swarm/transport.py",
        "swarm/upgrader.py",
        "system/__init__.py",
        "system/aio.py",
        "system/aio_chip.py",
        "system/clock.py",
        "system/entropy.py",
        "system/files.py",
        "system/files_flash.py",
        "system/log.py",
        "system/net_chip.py",
        "system/primitives/__init__.py",
        "system/primitives/der.py",  # with the next two, used only when a peer has such a key
        "system/primitives/pure_signatures.py",
        "system/primitives/signatures.py",
        "system/primitives/pure_curve25519.py",
        "system/primitives/pure_hashes.py",
        "system/primitives/viper_chacha20poly1305.py",
        "system/primitives/viper_sha512.py",
        "wire/__init__.py",
        "wire/base58.py",
        "wire/buffer.py",
        "wire/fixed.py",
        "wire/ip.py",
        "wire/multiaddr.py",
        "wire/multiaddr_values.py",  # with the next, used only when an address has a name in it
        "wire/multibase.py",
        "wire/multihash.py",
        "wire/peer_ids.py",
        "wire/protobuf.py",
        "wire/varint.py",
    ),
    base_path="..",
    opt=3,
)
package("transports", ("__init__.py",), base_path="..", opt=3)
if options.program != "sensor":
    package("edge", ("system/net.py",), base_path="..", opt=3)
    package("transports", ("tcp.py",), base_path="..", opt=3)
if options.program == "node":
    package(
        "edge",
        (
            "config.py",
            "identity/peer_info.py",
            "identity/peer_store.py",
            "mdns/__init__.py",
            "mdns/agent.py",
            "mdns/dnsaddr.py",
            "mdns/message.py",
            "mdns/probes.py",
            "mdns/service.py",
            "mdns/sightings.py",
            "node.py",
            "routing/__init__.py",
            "routing/closeness.py",
            "routing/joined.py",
            "routing/kad/__init__.py",
            "routing/kad/discovery/__init__.py",
            "routing/kad/discovery/bootstrap_list.py",
            "routing/kad/discovery/mdns.py",
            "routing/kad/discovery/random_walk.py",
            "routing/kad/key.py",
            "routing/kad/lookup.py",
            "routing/kad/message.py",
            "routing/kad/network.py",
            "routing/kad/query.py",
            "routing/kad/routing.py",
            "routing/kad/size.py",
            "routing/kad/table.py",
            "routing/kad/upkeep.py",
            "routing/mdns.py",
            "routing/reach.py",
            "routing/results.py",
            "routing/static.py",
            "swarm/dialing/keeper.py",
            "swarm/frames.py",
        ),
        base_path="..",
        opt=3,
    )
    package(
        "transports",
        ("multicast/__init__.py", "multicast/datagrams.py"),
        base_path="..",
        opt=3,
    )
if options.program == "sensor":
    package(
        "edge",
        (
            "records/__init__.py",
            "records/author.py",
            "records/judge.py",
            "records/names.py",
            "records/observed.py",
            "records/record.py",
            "records/schemes/__init__.py",
            "records/schemes/chain.py",
            "records/schemes/datetime_range.py",
            "records/schemes/fresh.py",
            "records/schemes/ttl.py",
            "records/stores/__init__.py",
            "records/stores/admission.py",
            "records/stores/bounds.py",
            "records/stores/memory.py",
            "records/stores/watchers.py",
            "records/validators/__init__.py",
            "records/validators/edge.py",
            "routing/__init__.py",
            "routing/kad/__init__.py",
            "routing/kad/message.py",
            "routing/reach.py",
            "swarm/frames.py",
            "swarm/protocols/fetch.py",
        ),
        base_path="..",
        opt=3,
    )
    package(
        "transports",
        (
            "link/__init__.py",
            "link/frames.py",
            "link/line.py",
            "link/message.py",
            "link/receiver.py",
            "link/sender.py",
            "link/session.py",
            "serial/__init__.py",
            "serial/address.py",
            "serial/cable.py",
            "serial/connection.py",
            "serial/ladder.py",
            "serial/port_chip.py",
            "serial/port_unix.py",  # used only on MicroPython's unix port
            "serial/roles.py",
            "serial/transport.py",
        ),
        base_path="..",
        opt=3,
    )
