"""What carries connections: cables, ports, how well they do."""
