"""The processes that ask the target and judge what it answers.

`admission`, `breaker`, `bucket`, `pair`, `session` and `tokens` are pure. Nothing here can reach a client:
exchanges come in, and only counters and records go out.
"""
