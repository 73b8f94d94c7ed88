"""Commands that do not fit in `cli`, and what all have in common. Wiring only."""
