"""What `python3 -m tools check` holds the source to, beyond what ruff and mypy know."""
