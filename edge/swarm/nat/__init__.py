"""Getting through: what others can tell about how we are reached from outside."""
