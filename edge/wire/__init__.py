"""Values as bytes: how libp2p writes numbers, messages, hashes, ids and addresses.

Every file is pure: a parser takes bytes-like input (or text) and gives a value, or raises
RemoteError; an encoder gives bytes. Nothing here keeps a reference to what it was given.
"""
