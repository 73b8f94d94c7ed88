"""Access logs as front servers write them: bytes of a line in, `LoggedRequest | BadLine` out.

Pure: no I/O and no clock. `registry.parser` makes a parser from a name or a format string, `detect` finds
out which one fits. A format string (nginx, Apache, Envoy) is translated into tokens by the module named
after the server, `pattern` makes one regular expression of them, `assemble` makes a request of the raw
fields; most presets are format strings. Formats that are no string of fields have modules of their own.
"""
