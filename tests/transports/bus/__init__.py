"""The shared bus: in simulated time, and on ptys."""
