"""Who may ask the admin server what.

Health and metrics are for probes and Prometheus, wherever they are. All else shows production's paths
or changes something: it is for whoever has the token, or, where there is none, for this machine alone.
A browser on this machine may be led here by any page it shows, so names and origins are looked at too.
"""

from __future__ import annotations

import hmac
import ipaddress
from base64 import b64decode
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

OPEN: Final = frozenset({"/healthz", "/readyz", "/metrics"})

_THIS_MACHINE: Final = frozenset({"127.0.0.1", "::1", "::ffff:127.0.0.1", ""})
"""Peers; a Unix socket's has no name. Not all of 127.0.0.0/8: Istio's sidecar brings others in from there."""

_ASK: Final = {"WWW-Authenticate": 'Basic realm="shadow admin: any user, the token as password"'}


def guard(token: str) -> Middleware:
    """A middleware that refuses whoever may not. Without a `token` only this machine may."""
    expected = token.encode()

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        return _refusal(request, expected) or await handler(request)

    return check


def _refusal(request: web.Request, expected: bytes) -> web.Response | None:
    local = _peer(request) in _THIS_MACHINE
    if local and not _is_no_name(request.host):
        return _forbidden("ask by address or as localhost: another name may be a stranger's")
    if request.method == "POST" and not _same_origin(request):
        return _forbidden("a page from elsewhere changes nothing here")
    if request.path in OPEN:
        return None
    if expected:
        given = _given(request.headers.get("Authorization", ""))
        if hmac.compare_digest(given, expected):
            return None
        return web.Response(status=401, text="give the admin token\n", headers=_ASK)
    return None if local else _forbidden("from other machines only with an admin_token, and none is set")


def _forbidden(why: str) -> web.Response:
    return web.Response(status=403, text=f"{why}\n")


def _peer(request: web.Request) -> str:
    peer = request.transport and request.transport.get_extra_info("peername")
    return str(peer[0]) if isinstance(peer, tuple) else ""


def _is_no_name(host: str) -> bool:
    """Whether a Host cannot be one whose DNS somebody turns to this machine."""
    try:
        name = urlsplit(f"//{host}").hostname
        return name is None or name == "localhost" or bool(ipaddress.ip_address(name))
    except ValueError:
        return False


def _same_origin(request: web.Request) -> bool:
    """Browsers tell with every POST where the page is from; other clients say nothing."""
    origin = request.headers.get("Origin")
    return origin is None or origin == f"{request.scheme}://{request.host}"


def _given(authorization: str) -> bytes:
    """The token as a bearer's, or as a password, which is what a browser can ask its user for."""
    scheme, _, said = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return said.strip().encode("utf-8", "replace")
    try:
        return b64decode(said).partition(b":")[2] if scheme.lower() == "basic" else b""
    except ValueError:
        return b""
