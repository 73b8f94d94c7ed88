"""What the counts mean: `statistics` says how sure they are, `verdict` says it in words.

What it weighs comes from `counting`, without what `noise` excuses; `latency` and `confirmed` add their word;
`releases` says which version brought what, `causes` and `diagnosis` what is behind it.

Pure. Works from tallies alone, so that pods add up and no verdict needs a scan of the evidence.
"""
