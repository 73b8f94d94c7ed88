"""Fills `settings.Config` from file, environment and flags; nothing else reads any of them. `load` does it:
`file` reads YAML, `values` one value by its type, `checks` looks at them together."""
