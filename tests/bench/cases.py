"""What is measured: each case is one kind of traffic, given to every proxy alike."""

from __future__ import annotations

from typing import NamedTuple


class Case(NamedTuple):
    """One kind of traffic, and how much of it."""

    name: str
    rate: int  # requests/s, where CPU and latency are taken
    body: str = "small"  # what the backends answer, of `backends.BODIES`
    differ: bool = False  # the target answers otherwise than legacy
    ids: bool = False  # each answer has an id and a time of its own, as Rails gives them
    post: int = 0  # bytes that each request brings; none is a GET
    connections: int = 64
    tls: bool = False  # at the front
    mirror: bool = True
    hung: bool = False  # the target takes every request and never answers
    full: bool = False  # measured at full speed too
    endpoints: int = 1  # asked in turn
    workers: int = 1  # of Shadow, live ones and shadow ones


CASES = (
    Case("small", 4000, full=True),
    Case("small-differ", 1000, differ=True),
    Case("ids", 4000, ids=True),
    Case("json20k", 500, "json20k"),
    Case("json20k-differ", 200, "json20k", differ=True),
    Case("html50k", 100, "html50k"),
    Case("html50k-differ", 100, "html50k", differ=True),
    Case("post2k", 2000, post=2048),
    Case("download", 100, "mib"),
    Case("thousand", 4000, connections=1000),
    Case("tls", 2000, tls=True, full=True),
    Case("live", 4000, mirror=False, full=True),
    Case("hung", 4000, hung=True),
)
"""The rates are such that a judge keeps up with what differs, and a core with what is large."""
