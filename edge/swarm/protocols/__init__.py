"""The protocols every node speaks on top of streams; each is served on a swarm it is given."""
