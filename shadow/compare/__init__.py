"""Two answers and a rule, and what differs between them.

Pure: no I/O, no clock, no randomness, no setting but the rule. `judge` is the way in; `quick` of it
knows equal answers from unequal ones on an event loop. `headers` compares fields by what they mean
(`fields`, `meaning`, `cookies`); `bodies` decodes, asks `media` and `charset` how a body is to be read, and
gives it to the comparer of its form: `json`, `html`, `xml`, `forms`, `table`, `text`, `binary`. These
find what belongs together with `align` and say what they found with `found`.

`rules` compiles what the configuration says: `rule_lines` reads it and refuses what can match nothing,
`jsonpath` are places in a tree, `silence` makes unequal texts equal, `values` knows what is near, and
`accept` what somebody answers for. Each works on bytes that a hostile target may have chosen: bounded in
time and memory, and never raising.
"""
