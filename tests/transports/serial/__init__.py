"""Serial ports, with ptys in their place."""
