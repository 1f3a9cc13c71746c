"""Where peers are, and who has what."""
