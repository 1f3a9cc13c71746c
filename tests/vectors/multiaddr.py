"""Addresses as text and bytes.

GOOD: multiformats/multiaddr test/multiaddr.feature; go-multiaddr v0.16.1, asked for the bytes of
each text. REFUSED and REFUSED_BYTES: the cases of multiaddr's rules that must not pass.
"""

ED25519 = "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq"
ED25519_BYTES = "0024080112201ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e"
ED25519_CID = "bafzaajaiaejcahwr5d5ofrfbis4l5d6uwr57hu5tjodrypfm6yaq6dsc2r2pzyt6"
ONION3 = "vww6ybal4bd7szmgncyruucpgfkqahzddi37ktceo3ah7ngmcopnpyyd"

GOOD = (
    ("/ip4/192.0.2.42/tcp/443", "04c000022a0601bb"),
    ("/ip4/192.0.2.1/tcp/4001/p2p/" + ED25519, "04c0000201060fa1a50326" + ED25519_BYTES),
    ("/ip4/127.0.0.1/udp/1234/ip4/127.0.0.1/tcp/0", "047f000001910204d2047f000001060000"),
    ("/ip6/::1/tcp/65535", "290000000000000000000000000000000106ffff"),
    ("/ip6/::ffff:127.0.0.1", "2900000000000000000000ffff7f000001"),
    ("/ip6/2001:db8::/ipcidr/32", "2920010db80000000000000000000000002b20"),
    ("/ip6zone/eth0/ip6/fe80::1", "2a046574683029fe800000000000000000000000000001"),
    ("/dns4/example.com/tcp/443/tls/ws", "360b6578616d706c652e636f6d0601bbc003dd03"),
    ("/dnsaddr/bootstrap.libp2p.io", "3813626f6f7473747261702e6c69627032702e696f"),
    ("/tcp/443/tls/sni/a.b/http/http-path/x%2Fy", "0601bbc003c10303612e62e003e10303782f79"),
    ("/udp/1/quic-v1/webtransport", "91020001cd03d103"),
    ("/udp/1/quic/utp", "91020001cc03ae02"),
    ("/p2p/" + ED25519 + "/p2p-circuit", "a50326" + ED25519_BYTES + "a202"),
    (
        "/certhash/uEiDDq4_xNyDorZBH3TlGazyJdOWSwvo4PUo5YHFMrvDE8g",
        "d203221220c3ab8ff13720e8ad9047dd39466b3c8974e592c2fa383d4a3960714caef0c4f2",
    ),
    ("/memory/4", "89060000000000000004"),
    ("/memory/18446744073709551615", "8906ffffffffffffffff"),
    ("/unix/a/b_c/d", "9003082f612f625f632f64"),
    ("/ip4/1.2.3.4/tcp/80/unix/a", "04010203040600509003022f61"),
    ("/sctp/1/udt/dccp/2", "84010001ad02210002"),
    ("/tcp/1/webrtc/wss/noise/https", "0600019902de03c603bb03"),
    ("/udp/1/webrtc-direct/plaintextv2", "910200019802e1d8c103"),
    ("/onion/aaimaq4ygg2iegci:80", "bc030010c0439831b48218480050"),
    (
        "/onion3/" + ONION3 + ":1234",
        "bd03adadec040be047f9658668b11a504f3155001f231a37f54c4476c07fb4cc139ed7e30304d2",
    ),
    (
        "/garlic32/566niximlxdzpanmn4qouucvua3k7neniwss47li5r6ugoertzuq",
        "bf0320efbcd45d0c5dc79781ac6f20ea5055a036afb48d45a52e7d68ec7d4338919e69",
    ),
)

# Private-use codes of this project: no other implementation knows them.
PRIVATE = (
    ("/serial/%2Fdev%2FttyUSB0", "8180c0010c2f6465762f74747955534230"),
    ("/ble/AA%3ABB", "8280c0010541413a4242"),
)

# Other ways to write an address: (what is read, what is written).
READ_AS = (
    ("/ip4/127.0.0.1/tcp/1234/", "/ip4/127.0.0.1/tcp/1234"),
    ("/ipfs/" + ED25519, "/p2p/" + ED25519),
    ("/p2p/" + ED25519_CID, "/p2p/" + ED25519),
    ("/ip6/2001:DB8:0:0:0:0:0:1", "/ip6/2001:db8::1"),
    ("/http-path/a+b%7e", "/http-path/a%2Bb~"),
    ("/serial/%43OM3//", "/serial/COM3"),
    (
        "/certhash/b2uaraocy6yrdblb4sfptaddgimjmmpy",
        "/certhash/u1QEQOFj2IjCsPJFfMAxmQxLGPw",
    ),
)

REFUSED = (
    "",
    "/",
    "//",
    "ip4/1.2.3.4",
    "//ip4/1.2.3.4",
    "/ip4/1.2.3.4//tcp/1",
    "/ip4",
    "/ip4/",
    "/ip4/::1",
    "/ip4/1.2.3",
    "/ip4/1.2.3.256",
    "/ip4/1.2.3.04",
    "/ip4/1.2.3.4.5",
    "/ip4/1.2.3.-4",
    "/ip4/1.2.3. 4",
    "/IP4/1.2.3.4",
    "/ip6",
    "/ip6/1.2.3.4",
    "/ip6/fe80::1%eth0",
    "/ip6/1:2:3:4:5:6:7",
    "/ip6zone",
    "/ip6zone//ip6/fe80::1",
    "/ipcidr/256",
    "/tcp",
    "/tcp/",
    "/tcp/65536",
    "/tcp/-1",
    "/tcp/+1",
    "/tcp/01",
    "/tcp/1_0",
    "/tcp/ 1",
    "/tcp/1e3",
    "/tcp/99999999999999999999999999999999999999999",
    "/udp/1234/udt/1234",
    "/udp/1234/sctp",
    "/quic-v1/1234",
    "/ip4/127.0.0.1/quic/1234",
    "/p2p",
    "/p2p/tcp",
    "/p2p/Qm",
    "/p2p/1",
    "/p2p/" + ED25519[:-1],
    "/p2p/" + ED25519 + "q",
    "/p2p/" + ED25519_CID[:-1],
    "/p2p/" + "1" * 5000,
    "/unknown/1",
    "/dns4",
    "/dns4/",
    "/dns4/a b",
    "/dns4/a\x00b",
    "/dns4/a\x1bb",
    "/dns4/a\x7fb",
    "/unix",
    "/unix/",
    "/ip4/1.2.3.4/tcp/80/unix",
    "/http-path",
    "/http-path/",
    "/http-path/%",
    "/http-path/%4",
    "/http-path/%zz",
    "/http-path/%+1",
    "/serial/",
    "/memory",
    "/memory/-1",
    "/memory/18446744073709551616",
    "/memory/x",
    "/certhash",
    "/certhash/u",
    "/certhash/uEiDDq4_xNyDorZBH3TlGazyJdOWSwvo4PUo5YHFMrvDE8",
    "/certhash/b2uaraocy6yrdblb4sfptaddgimjmmp",
    "/certhash/!EiDD",
    "/onion3/" + ONION3 + ":0",
    "/onion3/" + ONION3 + ":-1",
    "/onion3/" + ONION3,
    "/onion3/" + ONION3 + "a:80",
    "/onion3/" + ONION3[:-1] + "@:666",
    "/onion/aaimaq4ygg2iegci:0",
    "/garlic32/566niximlxdzpanmn4qouucvua3k7neniwss47li5r6ugoertzu",
    "/garlic64/AAAA",
    "/p2p-circuit" * 33,
    "/dns4/" + "a" * 1022,
)

REFUSED_BYTES = (
    "",
    "00",  # no such code
    "04",  # no value
    "04c00002",  # value cut off
    "04c000022a06",
    "04c000022a0601",
    "8400c000022a",  # code not minimal
    "84",  # code cut off
    "ffffffffffffffffff01",  # code of ten bytes
    "ffffffff0f01",  # code beyond 2**31
    "8080c00100",  # private use, but not ours
    "35",  # dns without a length
    "3500",  # empty
    "3503612e",  # length beyond the end
    "35ffffffffffffffff7f61",  # length of 2**63 - 1
    "35810061",  # length not minimal
    "3503612f62",  # a slash
    "3503610062",  # NUL
    "3502c328",  # not UTF-8
    "2a00",  # ip6zone empty
    "a50300",  # p2p empty
    "a503020000",  # identity of no bytes
    "a5032d002b" + "00" * 43,  # identity of 43 bytes
    "a50316" + "1114" + "00" * 20,  # SHA-1
    "a50321" + "121f" + "00" * 31,  # SHA-256 of 31 bytes
    "a50323" + "1221" + "00" * 33,  # SHA-256 of 33 bytes
    "a50322" + "121f" + "00" * 32,  # length within says less
    "a50342" + "1340" + "00" * 64,  # SHA-512
    "a50326" + ED25519_BYTES[:-2],  # cut off
    "900301" + "2f",  # unix without a name
    "900302" + "612f",
    "9003032f612f",  # unix ending in a slash
    "9003022f61060050",  # a component behind unix
    "9003032f6100",  # unix with NUL
    "e10300",  # http-path empty
    "8180c00100",  # serial empty
    "d20300",  # certhash empty
    "d203021220",  # certhash cut off within
    "bc03" + "00" * 12,  # onion with port 0
    "bd03" + "00" * 37,
    "be0303616263",  # garlic64 too short
    "bf0321" + "00" * 33,  # garlic32 of 33 bytes
    "890600000000000004",  # memory of 7 bytes
    "8906020004",  # memory behind a length, as js writes it
    "2b",
    "a202" * 33,
    "35fe07" + "61" * 1022,  # 1025 bytes
)
