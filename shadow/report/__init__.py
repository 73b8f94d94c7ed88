"""How people read what happened: `build` folds records into one report, `json` and `text` write it down.

`build` is the only place that counts; a format shows what the report says and computes nothing of its own.
Values of the report come from hostile answers: each format escapes all of them.
"""
