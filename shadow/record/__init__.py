"""What happened, kept: `tally` counts it, `mask` hides its secrets, `evidence` shows one comparison,
`segment` writes it to files and reads it back.

Only `segment` touches the file system; the others are pure. Nothing here compares or judges.
"""
