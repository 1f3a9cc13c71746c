"""Whether we and the other implementations of libp2p understand each other."""
