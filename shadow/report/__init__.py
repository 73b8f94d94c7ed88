"""How people read what happened: `fold` reads the records, `build` makes one report of them with what
stands beside it here, and the forms (`text`, `html`, `json`, `markdown`, `junit`) write it down.

A form shows what the report says and counts nothing of its own.
Values of the report come from hostile answers: each format escapes all of them.
"""
