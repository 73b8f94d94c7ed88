"""What the counts mean: `statistics` says how sure they are, `verdict` says it in words.

Pure. Works from tallies alone, so that pods add up and no verdict needs a scan of the evidence.
"""
