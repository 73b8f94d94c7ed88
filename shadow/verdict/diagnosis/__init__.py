"""What a migration to Kubernetes is known to break, recognised from its traces.

Pure. `table` lists what can be recognised, with a function for each; the other modules hold the functions,
and `case` what they look at. None speaks without traces, and each says which.
"""
