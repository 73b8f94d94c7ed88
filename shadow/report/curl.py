"""A command for each side that repeats a request. Pure.

The values come from hostile clients and end in somebody's shell: every word is quoted.
"""

from __future__ import annotations

import re
from shlex import quote

from shadow.record.evidence import Asked
from shadow.report.schema import Curl

# curl sets these itself, and what the proxy adds says nothing of the request.
_OWN = frozenset({"host", "content-length", "connection", "accept-encoding", "user-agent", "traceparent"})
_MASKED = re.compile(r"masked:[0-9a-f]{16}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def curl(request: Asked) -> Curl:
    """The commands. A masked value stays as it is, and the note says so."""
    words = ["curl", "-i"]
    if request.method == "HEAD":
        words.append("--head")
    elif request.method != "GET":
        words += ["-X", quote(_printable(request.method))]
    for name, value in request.headers:
        if name.lower() not in _OWN and not name.lower().startswith(("x-forwarded-", "x-shadow-")):
            words += ["-H", quote(_printable(f"{name}: {value}"))]
    target = request.target if request.target.startswith("/") else f"/{request.target}"
    path = quote(_printable(target))
    legacy, target = (" ".join([*words, "--globoff", f'"${side}"{path}']) for side in ("LEGACY", "TARGET"))
    return Curl(legacy, target, _note(request))


def _note(request: Asked) -> str:
    notes = []
    if _MASKED.search(request.target) or any(_MASKED.search(value) for _, value in request.headers):
        notes.append("what reads masked:… was a secret; put in one of your own")
    if request.method not in ("GET", "HEAD", "OPTIONS"):
        notes.append("the request's body is not in it")
    return "; ".join(notes)


def _printable(text: str) -> str:
    """A control character would be obeyed by the terminal that it is pasted into."""
    return _CONTROL.sub("", text)
