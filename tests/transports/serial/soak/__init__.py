"""Ten minutes of everything at once: a checked stream over a cable that is as bad as can be."""
