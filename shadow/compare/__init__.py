"""Two answers and a rule, and what differs between them.

Pure: no I/O, no clock, no randomness, no setting but the rule. `judge` is the way in. It asks
`headers`, then `decode` and `media` how a body is to be read, then `json` or `text`; these find
what belongs together with `align` and say what they found with `found`. `rules` compiles what the
configuration says, with `fields` (header fields) and `jsonpath` (places in a tree). Each works on
bytes that a hostile target may have chosen: bounded in time and memory, and never raising.
"""
