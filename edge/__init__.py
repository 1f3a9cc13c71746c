"""libp2p for boards: peer routing, swarm and record store behind a thin veneer."""
