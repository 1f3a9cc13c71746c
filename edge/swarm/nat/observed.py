"""Which of the addresses that peers see us at is one others can dial: pure.

A peer tells the address our connection seemed to come from.  Dialed from the port we listen on,
that is where a NAT maps us.  One peer may lie or sit on our own side of the NAT: an address counts
once AGREEING_MIN different peers have named it lately.  A peer's last word counts, one for IPv4 and
one for IPv6: nobody crowds out what others say.
"""

AGREEING_MIN = 3  # peers
MEMORY_MS = 1800000  # how long a peer's word counts
ADDRESSES_MAX = 16  # kept
OBSERVERS_MAX = 16  # kept of one address


class ObservedAddresses:
    def __init__(self) -> None:
        self._seen: list = []  # [address, [(peer id, until)]], last named last

    def add(self, address, peer_id, direction: str, now: int) -> None:
        """``peer_id`` sees us at ``address``; only what we dialed out from tells something."""
        if direction != "outbound" or not address.is_shareable:
            return
        observers = []
        seen = []
        for known, others in self._seen:
            if known.components[0][0] == address.components[0][0]:
                others = [other for other in others if other[0] != peer_id]
            if known == address:
                observers = others
            elif others:
                seen.append([known, others])
        observers.append((peer_id, now + MEMORY_MS))
        seen.append([address, observers[-OBSERVERS_MAX:]])
        self._seen = seen[-ADDRESSES_MAX:]

    def confirmed(self, now: int) -> list:
        """The addresses enough peers agree on."""
        return [
            address
            for address, observers in self._seen
            if len([until for _, until in observers if until > now]) >= AGREEING_MIN
        ]
