"""The supervisor's side: processes, signals, reload, the admin server, metrics and logs.

Nothing here carries a client's or a shadow request.
"""
