"""Foreign libp2p peers that judge this one, all driven by the same JSON lines."""
