"""A command a file, and what they have in common. Wiring only."""
