"""Values in a page that differ each time it is asked for and mean nothing: tokens against forged
requests, nonces, and hashes in the names of assets.

Only a value is noise: that it is there is not. An empty token, or one on one side only, is a difference.
"""

from __future__ import annotations

import re
from typing import TypeAlias

from shadow.compare.meaning import NONCE as POLICY_NONCE

Attributes: TypeAlias = dict[str, str]

TOKEN = "html csrf-token"  # noqa: S105  # a name
NONCE = "html nonce"
HASH = "html asset-hash"
CHARSET = "html charset"

MASK = "*"

# Django, Flask-WTF, Rails, Laravel, Symfony, Spring, ASP.NET, Struts, JSF, CakePHP, Play, Express.
_TOKEN_NAMES = frozenset(
    "authenticity_token csrf-token csrf_token csrftoken csrfmiddlewaretoken csrf _csrf _csrf_token _token "
    "xsrf-token xsrf_token _xsrf token requesttoken __requestverificationtoken __viewstate "
    "__viewstategenerator __eventvalidation org.apache.struts.taglib.html.token struts.token "
    "javax.faces.viewstate jakarta.faces.viewstate form_build_id form_token wpnonce _wpnonce nonce "
    "_csrftoken csrfkey anti-csrf-token form_key".split()
)
# As random values are written: long, and of digits and letters, or so long that no word is.
_RANDOM = re.compile(
    r"(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9+/=_.:|~%$!-]{8,}|[A-Za-z0-9+/=_.:|~%$!-]{24,}", re.DOTALL
)

_POLICIES = ("content-security-policy", "content-security-policy-report-only")
_CHARSET = re.compile(r"charset\s*=\s*[^\s;]+", re.IGNORECASE)

_LINKS = ("src", "href", "srcset", "data-src", "data-srcset", "data-href", "poster", "imagesrcset")
_FOLLOWED = ("a", "area")  # a link to a document: its name says which
_CODE = "js|mjs|cjs|css|map|json|wasm|woff2?|ttf|otf|eot"
_IMAGE = "png|jpe?g|gif|svg|webp|avif|ico|mp4|webm|webmanifest"
# Bounded, for they are tried at every place of a name that may be a megabyte long.
_HEX = r"(?=[0-9a-f]{0,63}\d)(?=[0-9a-f]{0,63}[a-f])[0-9a-f]{8,64}"
# As people name files: jQueryUI11, iPhone15, Report2023Q1, Level3B, ja_JP2024. A third of all hashes of eight
# characters could be read so, and differ then: better than to silence that a name has changed.
_WORDS = r"[a-z]?(?>(?:[A-Z]?[a-z]{2,}+|[A-Z]{2,}+|[A-Z]?[a-z]?\d++|[-_][A-Z]?){1,32})[A-Z]?(?![\w-])"
_BASE64 = (
    r"(?=(?:[\w-]{8}|[A-Za-z0-9]{9,32})(?![\w-]))(?=[\w-]{0,31}[A-Z])(?=[\w-]{0,31}[a-z])"
    rf"(?!{_WORDS})[\w-]{{8,32}}"
)
_IN_NAME = re.compile(
    # app-3f2a9b1c.js, index-BxT3_9aQ.js as Vite writes it, main-7LB5XQWD.js as esbuild does
    rf"(?<=[-._/])(?:{_HEX}|{_BASE64})(?=\.(?:[a-z]+\.)*(?:{_CODE})\b)"
    r"|(?<=-)(?=[A-Z]{0,7}[2-7])(?=[2-7]{0,7}[A-Z])[A-Z2-7]{8}(?=\.(?:m?js|css)\b)"
    # an image may be named by what it shows: only among assets is it a hash
    rf"|(?<=[-._/]){_HEX}(?=\.(?:{_IMAGE})\b)"
)
_ASSETS = re.compile(r"/(?:assets|static|build|dist|packs|bundles?|_next)/")
# Only there: behind a name, eight characters in both cases are Vite's, though words could be written so.
_VITE = re.compile(
    r"(?<=-)(?=[\w-]{0,7}[A-Z])(?=[\w-]{0,7}[a-z])(?![A-Z][a-z]{7})[\w-]{8}(?=\.(?:m?js|css)\b)", re.ASCII
)
# Next.js names a folder by the build: a nanoid, or the commit.
_BUILD = re.compile(r"(?<=/_next/static/)(?:[\w-]{21}|[0-9a-f]{40})(?=/_\w{1,40}Manifest\.js\b)", re.ASCII)
_IN_QUERY = re.compile(
    rf"(\.(?:{_CODE}|{_IMAGE})\?(?:(?:v|ver|version|_|t|ts|h|hash|rev|cb|build)=)?)"
    rf"(?:\d{{6,20}}|[0-9a-f]{{8,64}}|{_BASE64})(?=$|[&#,\s])"
    # as Laravel Mix writes it: a shorter one would be the number of a thing
    rf"|(\.(?:{_CODE}|{_IMAGE})\?id=)[0-9a-f]{{20,32}}(?=$|[&#,\s])"
)


def masked(tag: str, name: str, attributes: Attributes) -> tuple[str, str]:
    """Why the value of an attribute is noise, and the value without it; nothing, and the value as it is,
    if it is none."""
    value = attributes[name]
    if not value:
        return "", value
    if name == "nonce":
        return NONCE, MASK
    if name == "value":
        token = tag == "input" and attributes.get("type", "").lower() == "hidden"
        return _token(value) if token and _names_token(attributes) else ("", value)
    if tag == "meta":
        return _meta(name, value, attributes)
    if name in _LINKS and tag not in _FOLLOWED:
        plain = _without_hash(value)
        return (HASH, plain) if plain != value else ("", value)
    if name == "integrity" and value.startswith("sha"):
        return HASH, MASK
    return "", value


def alike(tag: str, name: str, legacy: Attributes, target: Attributes) -> str:
    """By which kind of noise two unequal values are as good as equal; empty if they are not."""
    ours, theirs = masked(tag, name, legacy), masked(tag, name, target)
    return ours[0] if ours == theirs else ""


def _meta(name: str, value: str, attributes: Attributes) -> tuple[str, str]:
    if name == "charset":
        return CHARSET, MASK
    if name != "content":
        return "", value
    header = attributes.get("http-equiv", "").lower()
    if header in _POLICIES and "'nonce-" in value:
        return NONCE, POLICY_NONCE.sub(MASK, value)
    if header == "content-type" and _CHARSET.search(value):
        return CHARSET, _CHARSET.sub(MASK, value).replace(" ", "")
    return _token(value) if _names_token(attributes) else ("", value)


def _names_token(attributes: Attributes) -> bool:
    return attributes.get("name", "").lower() in _TOKEN_NAMES


def _token(value: str) -> tuple[str, str]:
    return (TOKEN, MASK) if _RANDOM.fullmatch(value) else ("", value)


def _without_hash(link: str) -> str:
    """`/app-3f2a9b1c.js?v=1691234567` → `/app-*.js?v=*`"""
    if "?" in link:
        link = _IN_QUERY.sub(rf"\1\2{MASK}", link)
    if "." not in link:
        return link
    if _ASSETS.search(link):
        return _IN_NAME.sub(MASK, _VITE.sub(MASK, _BUILD.sub(MASK, link)))
    return _IN_NAME.sub(lambda found: MASK if _of_code(found) else found[0], link)


def _of_code(found: re.Match[str]) -> bool:
    return re.match(rf"\.(?:[a-z]+\.)*(?:{_CODE})\b", found.string[found.end() :]) is not None
