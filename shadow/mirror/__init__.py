"""The processes that ask the target and judge what it answers.

`admission` and `breaker` are pure. Nothing here can reach a client: exchanges come in, and only
counters and records go out.
"""
