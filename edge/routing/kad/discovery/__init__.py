"""Discoveries: where the contacts of a kad network come from, besides those who connect to us.

    mdns.py            whoever announces itself on this LAN
    bootstrap_list.py  peers of the configuration, of names in the DNS, and of last time
    random_walk.py     searches for ids near and far, and what they meet

What they find are candidates: who does not answer our protocol never becomes a contact.
"""

from edge.system import MICROPYTHON

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_PATH = "edge.routing.kad.discovery."
_MODULES = ("mdns", "bootstrap_list", "random_walk")  # near ones first


class Discovery:
    """The contract; inhabitants need not inherit it.

    Each has a function open_discovery(node, profile) that gives one, or None if it is of no use.
    """

    name = ""

    def start(self, kad: "Any") -> None:
        """Tell ``kad``, a KadRouting, of candidates from now on: kad.consider(contact, name)."""
        raise NotImplementedError

    def deadline(self) -> "int | None":
        """When ``discover`` is to be called; None: not by time alone."""
        return None

    async def discover(self, now: int) -> None:
        """Do what is due.  Not called again before it has returned."""


def open_discoveries(node: "Any", profile: "Any") -> "list[Discovery]":
    """All that there are here: a firmware leaves one out by leaving its file out."""
    found = []
    for name in _MODULES:
        if MICROPYTHON and name == "bootstrap_list" and not node.config.bootstrap:
            continue  # chips remember nobody: it is not even loaded
        try:
            opened = __import__(_PATH + name, None, None, ("open_discovery",)).open_discovery
        except ImportError:
            continue
        discovery = opened(node, profile)
        if discovery:
            found.append(discovery)
    return found
