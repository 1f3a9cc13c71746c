"""Other peers: who is there, how far away, what they say."""
