"""What the value of a header field means, as text that is the same for equal meanings.

By name: the fields that are understood. Others mean what they say. Each function may be applied to what it
gave, and changes nothing then. Values are Latin-1, and anything may stand in them.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from shadow.compare.charset import usual
from shadow.compare.media import Form, MediaType, media_type
from shadow.compare.values import url

_LIST = re.compile(r'(?:[^",]|"(?:[^"\\]|\\.)*"?)+', re.DOTALL)
_PARTS = re.compile(r'(?:[^";<]|"(?:[^"\\]|\\.)*"?|<[^>]*>?)+', re.DOTALL)
_QUOTED_TOKEN = re.compile(r'"[\w.-]+"', re.A)
NONCE = re.compile(r"'nonce-[^'\s;,]+'")
"""A source of a Content-Security-Policy that is another in each answer; an empty one is none."""


def members(text: str) -> list[str]:
    """The members of a list; a comma in a quoted text is none (RFC 9110, 5.6.1 and 5.6.4)."""
    return [member for part in _LIST.findall(text) if (member := part.strip())]


def _set(text: str) -> str:
    """Names without order, without case, and however often they are given."""
    return ", ".join(sorted({member.lower() for member in members(text)}))


def _methods(text: str) -> str:
    """The same, with case (RFC 9110, 9.1)."""
    return ", ".join(sorted(set(members(text))))


def _names(text: str) -> str:
    """Names without case, whose order counts."""
    return ", ".join(member.lower() for member in members(text))


def _directives(parts: list[str]) -> list[str]:
    found = []
    for part in parts:
        name, equals, value = part.partition("=")
        found.append(name.strip().lower() + equals + _plain(value.strip()))
    return sorted(set(found))


def _plain(value: str) -> str:
    """RFC 9111, 5.2: `max-age="10"` means `max-age=10`."""
    return value[1:-1] if _QUOTED_TOKEN.fullmatch(value) else value


def _cache_control(text: str) -> str:
    """RFC 9111, 5.2: directives in any order, their names without case."""
    return ", ".join(_directives(members(text)))


def _transport_security(text: str) -> str:
    """RFC 6797, 6.1: the same with semicolons."""
    return "; ".join(_directives(_parts(text)))


def _security_policy(text: str) -> str:
    """CSP 3, 2.2: directives in any order, sources in any order; a nonce is new in every answer."""
    policies = []
    for policy in members(NONCE.sub("'nonce-…'", text)):
        directives = []
        for part in policy.split(";"):
            name, *sources = part.split() or [""]
            if name:
                directives.append(" ".join([name.lower(), *sorted(set(sources))]))
        policies.append("; ".join(sorted(set(directives))))
    return ", ".join(filter(None, policies))


def _parts(text: str) -> list[str]:
    return [found for part in _PARTS.findall(text) if (found := part.strip())]


def _link(text: str) -> str:
    """RFC 8288, 3: a URL in angles and parameters in any order; the order of links counts."""
    links = []
    for member in _links(text):
        target, *parameters = _parts(member) or [""]
        if target.startswith("<") and target.endswith(">"):
            target = f"<{url(target[1:-1])}>"
        links.append("; ".join([target, *sorted(map(_parameter, parameters))]))
    return ", ".join(links)


_LINKS = re.compile(r'(?:[^",<]|"(?:[^"\\]|\\.)*"?|<[^>]*>?)+', re.DOTALL)


def _links(text: str) -> list[str]:
    return [found for part in _LINKS.findall(text) if (found := part.strip())]


def _parameter(text: str) -> str:
    """A parameter's name has no case; its value may be quoted or not (RFC 8288, 3.3: so has `rel`)."""
    name, equals, value = (part.strip() for part in text.partition("="))
    name, value = name.lower(), _plain(value)
    return name + equals + (value.lower() if name == "rel" else value)


def _url(text: str) -> str:
    return str(url(text))


_CHOSEN = ("boundary", "start")  # of a message of several parts (RFC 2046, 5.1; RFC 2387, 3.2)
# What JavaScript was called before (RFC 9239, 6).
_JAVASCRIPT = re.compile(
    r"application/(?:x-)?(?:java|ecma)script"
    r"|text/(?:(?:x-)?(?:java|ecma)script|javascript1\.[0-5]|jscript|livescript)"
)


def told_charset(kind: MediaType) -> str:
    """The charset that a type names, by its usual name. JSON is UTF-8 and has no such parameter: to name it
    says nothing (RFC 8259, 8.1 and 11)."""
    said = usual(kind.charset)
    return "" if said == "utf-8" and kind.form in (Form.JSON, Form.LINES) else said


def _content_type(text: str) -> str:
    """RFC 9110, 8.3.1: case and blanks do not count, nor which of its names a charset has. A boundary is
    chosen anew for each body, but without one its parts cannot be found; so is the id of the first part."""
    kind = media_type(text.encode("latin-1", "replace"))
    kind.parameters["charset"] = told_charset(kind)
    kind.parameters.update({name: "*" for name in _CHOSEN if kind.parameters.get(name)})
    said = sorted(each for each in kind.parameters.items() if each != ("charset", ""))
    name = "text/javascript" if _JAVASCRIPT.fullmatch(kind.name) else kind.name
    return "; ".join([name, *(f'{name}="{value}"' for name, value in said)])


MEANINGS: dict[str, Callable[[str], str]] = {
    # URLs (RFC 9110, 10.2.2 and 8.7); a redirect is followed, so every part of it counts.
    "location": _url,
    "content-location": _url,
    "link": _link,
    # Sets of names: what is offered, not in which order (RFC 9110, 12.5.5 and 10.2.1; Fetch, 3.3.3).
    "vary": _set,
    "allow": _methods,
    "accept-ranges": _set,
    "accept-patch": _set,
    "accept-post": _set,
    "access-control-allow-methods": _methods,
    "access-control-allow-headers": _set,
    "access-control-expose-headers": _set,
    "content-language": _set,
    "content-encoding": _names,  # RFC 9110, 8.4: in the order in which they were applied
    # Directives.
    "cache-control": _cache_control,
    "cdn-cache-control": _cache_control,
    "surrogate-control": _cache_control,
    "strict-transport-security": _transport_security,
    "content-security-policy": _security_policy,
    "content-security-policy-report-only": _security_policy,
    "content-type": _content_type,
}
"""The fields that are understood, by name."""

ADDRESSES = frozenset({"location", "content-location"})
"""Those of them that are one URL."""


def means(name: str, text: str) -> str:
    """The meaning of a field's value; `name` in lower case."""
    meaning = MEANINGS.get(name)
    return meaning(text) if meaning else text
