"""Who can stand behind the door on this Python, whole and in parts."""

from edge.system import primitives


def each(check) -> None:
    """Call ``check()`` once with every inhabitant behind the door; then the first one stays."""
    found = here()
    try:
        for name in found:
            primitives.use(name)
            check()
    finally:
        primitives.use(found[0])


def here() -> "list[str]":
    try:
        __import__("edge.system.primitives.openssl")
    except ImportError:
        return ["pure"]
    return ["openssl", "pure"]


def all_of(name: str, *files: str) -> list:
    """``name`` from each of ``files`` that this Python can load."""
    found = []
    for file in files:
        try:
            module = __import__("edge.system.primitives." + file, None, None, ("*",))
        except (ImportError, SyntaxError, ValueError):
            continue
        found.append(getattr(module, name))
    return found


def ciphers() -> list:
    """Every ChaCha20-Poly1305, also those the door would not choose here."""
    return all_of("Cipher", "openssl", "viper_chacha20poly1305", "pure_chacha20poly1305")


def sha512s() -> list:
    """Every SHA-512, also those the door would not choose here."""
    return all_of("sha512", "openssl", "viper_sha512", "pure_sha512")
