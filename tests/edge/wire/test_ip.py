"""IPv4 and IPv6 addresses: every text that may be read, the one that is written, the ranges."""

from edge.errors import RemoteError
from edge.wire import ip
from tests import kit

# RFC 5952, 1, 4 and 5: what may be read, what must be written.
TEXTS = (
    ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
    ("2001:0db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"),
    ("2001:db8::1:0:0:1", "2001:db8::1:0:0:1"),
    ("2001:db8::0:1:0:0:1", "2001:db8::1:0:0:1"),
    ("2001:0db8::1:0:0:1", "2001:db8::1:0:0:1"),
    ("2001:db8:0:0:1::1", "2001:db8::1:0:0:1"),
    ("2001:DB8:0:0:1::1", "2001:db8::1:0:0:1"),
    ("2001:db8:aaaa:bbbb:cccc:dddd:0:1", "2001:db8:aaaa:bbbb:cccc:dddd:0:1"),
    ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
    ("2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),  # one group is not shortened
    ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),  # the longest run
    ("0:0:0:0:0:0:0:0", "::"),
    ("::", "::"),
    ("::1", "::1"),
    ("1::", "1::"),
    ("1:2:3:4:5:6::", "1:2:3:4:5:6::"),
    ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
    ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"),
    ("ffff:FFFF:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("::ffff:192.0.2.1", "::ffff:192.0.2.1"),
    ("::ffff:c000:201", "::ffff:192.0.2.1"),
    ("0:0:0:0:0:FFFF:1.2.3.4", "::ffff:1.2.3.4"),
    ("::1.2.3.4", "::102:304"),
    ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
    ("1:2:3:4:5:6:7.8.9.10", "1:2:3:4:5:6:708:90a"),
    ("0001:0002:0003:0004:0005:0006:0007:0008", "1:2:3:4:5:6:7:8"),
)

REFUSED = (
    "",
    ":",
    ":::",
    "1",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7:8::",
    "::1:2:3:4:5:6:7:8",
    "1::2::3",
    ":1:2:3:4:5:6:7:8",
    "1:2:3:4:5:6:7:",
    "::1:",
    "12345::",
    "00001::",
    "g::",
    "+1::",
    "-1::",
    " 1::",
    "1 ::",
    "0x1::",
    "1_0::",
    "\uff11::",
    "1.2.3.4",
    "1.2.3.4::",
    "::1.2.3.4:5",
    "::1.2.3",
    "::1.2.3.256",
    "::01.2.3.4",
    "1:2:3:4:5:6:7:1.2.3.4",
    "fe80::1%eth0",
    "[::1]",
    "::1/64",
)


def test_ip6_texts():
    for read, written in TEXTS:
        data = ip.parse6(read)
        assert len(data) == 16
        assert ip.text(data) == written
        assert ip.parse6(written) == data


def test_ip6_refused():
    for text in REFUSED:
        kit.raises(RemoteError, ip.parse6, text)


def test_ip4():
    for text in ("0.0.0.0", "1.2.3.4", "255.255.255.255"):
        assert ip.text(ip.parse4(text)) == text
    for text in (
        "",
        "1",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.256",
        "01.2.3.4",
        "1..2.3",
        "a.b.c.d",
        "1.2.3.4 ",
    ):
        kit.raises(RemoteError, ip.parse4, text)


def test_ip6_round_trips():
    rng = kit.Rng(6)
    for _ in range(200):
        data = b"".join([bytes(2) if rng.below(2) else rng.bytes(2) for _ in range(8)])
        assert ip.parse6(ip.text(data)) == data


def test_numbers():
    assert ip.number("0", 5) == 0 and ip.number("5", 5) == 5
    for text in ("", "6", "-1", "+1", "01", "1 ", "1_0", "0x1", "1.0", "\u0661", "9" * 5000):
        kit.raises(RemoteError, ip.number, text, 5)


def test_scope():
    for scope, texts in (
        ("unspecified", "0.0.0.0 :: ::ffff:0.0.0.0"),
        ("loopback", "127.0.0.1 127.255.255.255 ::1 ::ffff:127.0.0.1"),
        ("link", "169.254.0.1 fe80::1 febf::1"),
        ("private", "10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 100.64.0.1 fc00::1 fd12::1"),
        ("multicast", "224.0.0.251 239.1.1.1 255.255.255.255 ff02::fb"),
        ("public", "1.1.1.1 172.32.0.1 172.15.0.1 100.128.0.1 169.253.0.1 2001:db8::1 fec0::1 ::2"),
    ):
        for text in texts.split():
            data = ip.parse6(text) if ":" in text else ip.parse4(text)
            assert ip.scope(data) == scope, text


if __name__ == "__main__":
    kit.run(globals())
