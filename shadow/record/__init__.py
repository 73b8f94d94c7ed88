"""What happened, kept: `tally` counts it, `mask` hides what `secrets` takes for a secret, `evidence` shows
one comparison, `segment` writes records to files and reads them back.

Only `segment` touches the file system; the others are pure. Nothing here compares or judges.
"""
