"""Getting connected: which address of a peer to try when, and which peers to stay connected to."""
