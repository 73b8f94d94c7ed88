"""The processes that ask the target and judge what it answers.

`worker` is the shadow worker's process, and `mirror` the way of an exchange in it: `admission` with `breaker`
says when it is sent, `sender` sends it, `order` and `session` with `tokens` keep a client's session with the
target. `control` and `recheck` ask once more, at most as often as a `bucket` allows. `judge` has both ends of
the line to the judge's process, `pair` what both know of an exchange. `spans` traces.

`admission`, `breaker`, `bucket`, `pair`, `session` and `tokens` are pure. Nothing here can reach a client:
exchanges come in, and only counters and records go out.
"""
