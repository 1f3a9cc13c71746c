"""A node on this machine: to start it, who it is, how it is set up."""
