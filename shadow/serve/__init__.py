"""The supervisor's side: processes, signals, reload, the admin server, metrics and logs.

`proxy` makes the workers of a configuration, `processes` forks one, `generation` is those of one
configuration, and `supervisor` runs generations; `reload` says when there is a next one. What workers report,
`ledger` adds up and `recorder` writes; `admin` tells it, with `guard`, `metrics`, `live_report` and `hook`.
`shipper` takes segments to an object store. Nothing here carries a client's or a shadow request.
"""
