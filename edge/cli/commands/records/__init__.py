"""Records: said, read, listed, watched, and the store they lie in."""
