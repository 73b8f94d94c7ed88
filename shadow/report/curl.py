"""A command for each side that repeats a request. Pure.

The values come from hostile clients and end in somebody's shell: every word is quoted, and none can begin
another line.
"""

from __future__ import annotations

from shlex import quote

from shadow.record.evidence import Asked
from shadow.record.mask import MASKED
from shadow.report.shown import Curl

# curl frames the request itself, and what a proxy adds is no part of what the client asked.
_OWN = frozenset({"content-length", "connection", "via"})
_ADDED = ("x-forwarded-", "x-shadow-", "x-real-ip", "x-request-id", "forwarded", "traceparent")
_LONGEST = 2000  # characters of a body
_MOST = 30  # header fields


def curl(request: Asked) -> Curl:
    """The commands. A masked value stays as it is, and the note says so."""
    words = ["curl -i --globoff --path-as-is"]
    if request.method == "HEAD":
        words.append("--head")
    elif request.method != "GET":
        words.append(f"-X {_word(request.method)}")
    fields = [each for each in request.headers if not _is_added(each[0])]
    sent = {name.lower() for name, _ in fields}
    if "accept-encoding" in sent:
        words.append("--compressed")  # for the reader: what is sent is the client's own field
    words += [f"-H {_word(f'{name}: {value}' if value else f'{name};')}" for name, value in fields[:_MOST]]
    body = request.body.text if request.body else None
    given = ["User-Agent", "Accept", *(["Content-Type"] if body else [])]
    words += [f"-H {name}:" for name in given if name.lower() not in sent]  # which curl would send of itself
    if body and len(body) <= _LONGEST:
        words.append(f"--data-raw {_word(body)}")  # which reads no file, whatever it begins with
    path = request.target if request.target.startswith("/") else f"/{request.target}"
    command = " ".join(words)
    legacy, target = (f'{command} "${side}"{_word(path)}' for side in ("LEGACY", "TARGET"))
    return Curl(legacy, target, _note(request, body, len(fields), legacy))


def _note(request: Asked, body: str | None, fields: int, command: str) -> str:
    notes = []
    if MASKED.search(command):
        notes.append("what reads masked:… was a secret: put in one of your own")
    if fields > _MOST:
        notes.append(f"{fields - _MOST} more header fields were sent")
    if request.body and request.body.length and (not body or len(body) > _LONGEST):
        notes.append(f"a body of {request.body.length:,} bytes was sent, which is not shown")
    return "; ".join(notes)


def _is_added(name: str) -> bool:
    return name.lower() in _OWN or name.lower().startswith(_ADDED)


def _word(text: str) -> str:
    """One word for a shell. What is no printable character is named, for a terminal would obey it."""
    if all(char.isprintable() for char in text):
        return quote(text)
    escaped = "".join(char if char.isprintable() and char not in "\\'" else _escaped(char) for char in text)
    return f"$'{escaped}'"


def _escaped(char: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in char.encode("utf-8", "surrogatepass"))
