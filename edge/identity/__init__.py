"""Who: the keys a peer proves itself with, the id made of them, what we know of others.

    keys           private and public keys, their encodings and signatures
    peer_id        the name of a peer, made of its public key
    peer_info      a peer id and where it may be reached
    identity_file  our own key on the medium
    envelope       something signed, and what it is meant for
    peer_record    a peer's own addresses, in an envelope; record_seq numbers ours
    peer_store     what we know of other peers; peer_store_file remembers it

A chip needs no more than keys, peer_id, peer_info and peer_store; the rest loads when used.
"""
