"""Addresses as people write them: a backend's URL, a listener's `HOST:PORT`.

Strict: what a URL could say beyond host and port (a path, a user, a query) would be lost in silence,
so it is refused with one line that says what to write. Pure; names are not resolved here.
"""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple
from urllib.parse import urlsplit


class Listener(NamedTuple):
    """Where to listen. Port 0 lets the system pick one; a Unix socket has a `path` instead."""

    host: str
    port: int
    path: str = ""


class Backend(NamedTuple):
    """Where legacy or the target is. `host` is without brackets and in lower case."""

    tls: bool
    host: str
    port: int


_HOST_PORT = r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?"
_URL = re.compile(rf"(?P<scheme>https?)://{_HOST_PORT}/?", re.IGNORECASE)
_LISTENER = re.compile(_HOST_PORT)
LONGEST_PATH = 107  # bytes of a Unix socket's; what the kernel has room for


def backend(url: str) -> Backend:
    """Understands `http://host`, `https://host:port`, `http://[::1]:8080/`; ValueError has one line."""
    found = _URL.fullmatch(url)
    if not found:
        raise ValueError(_what_is_wrong(url))
    tls = found["scheme"].lower() == "https"
    port = _port(found["port"]) if found["port"] else 443 if tls else 80
    if port == 0:
        raise ValueError("port 0 cannot be asked; write the port that the backend listens on")
    return Backend(tls, _host(found["host"]), port)


def _what_is_wrong(url: str) -> str:
    """Never repeats what stands before an `@`: it may be a password."""
    if "@" in url:
        return "user and password cannot stand in the URL; clients' own Authorization is forwarded"
    scheme, found, rest = url.partition("://")
    if not found:
        example = f"http://{url}" if _LISTENER.fullmatch(url) else "http://HOST:PORT"
        return f"a URL begins with http:// or https://; write {example}"
    if scheme.lower() not in ("http", "https"):
        return f"a backend is asked by http:// or https://, not by {scheme[:20]!r}"
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if not authority:
        return "the host is missing; write http://HOST:PORT"
    if authority != rest.rstrip("/"):
        return f"only host and port count, each request brings its own path; write {scheme}://{authority}"
    if not authority.isascii():
        return "the host is not ASCII; write its xn-- form"
    if authority.count(":") > 1:
        return "write an IPv6 address in brackets, such as http://[::1]:8080"
    return "not a host and port; write http://HOST:PORT"


def listener(text: str) -> Listener:
    """Understands `127.0.0.1:8080`, `localhost:0`, `[::]:8080`, `unix:/run/shadow.sock`; ValueError has one
    line."""
    if text.startswith("unix:"):
        if not 1 < len(text.removeprefix("unix:").encode()) <= LONGEST_PATH or text[5] != "/":
            raise ValueError(f"a Unix socket is unix:/PATH, of at most {LONGEST_PATH} bytes")
        return Listener("", 0, text.removeprefix("unix:"))
    found = _LISTENER.fullmatch(text)
    if not found or not found["port"]:
        raise ValueError(
            "expected HOST:PORT, such as 127.0.0.1:8080 or [::]:8080; 0.0.0.0 is every interface"
        )
    return Listener(_host(found["host"]), _port(found["port"]))


def _port(digits: str) -> int:
    port = int(digits)
    if port > 65535:
        raise ValueError(f"port {port} does not exist; the largest is 65535")
    return port


def _host(text: str) -> str:
    host = text.strip("[]").lower()
    if text.startswith("[") or re.fullmatch(r"[0-9.]+", host):
        try:
            ipaddress.ip_address(host)
        except ValueError:
            raise ValueError(f"{text} is no IP address") from None
    return host


def same_place(a: Listener | Backend, b: Listener | Backend) -> bool:
    """Whether a connection to one reaches the other, as far as can be told without asking DNS."""
    if isinstance(a, Listener) and isinstance(b, Listener) and a.path:
        return a.path == b.path
    if a.port != b.port or a.port == 0:
        return False
    here, there = _here(a.host), _here(b.host)
    return a.host == b.host or bool(here & there) or bool(here and there and _EVERY & {a.host, b.host})


_EVERY = {"0.0.0.0", "::"}  # noqa: S104  compared with, not bound to
_LOCALHOST = {"127.0.0.1", "::1"}


def _here(host: str) -> set[str]:
    """The addresses of this machine that a host stands for; empty where it may be another machine."""
    if host == "localhost" or host in _EVERY:
        return _LOCALHOST
    try:
        return {host} if ipaddress.ip_address(host).is_loopback else set()
    except ValueError:
        return set()


def network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    """Understands `10.0.0.0/8` and single addresses; ValueError has one line."""
    try:
        found = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise ValueError("expected a network such as 10.0.0.0/8 or fd00::/8") from None
    if ipaddress.ip_interface(text).ip != found.network_address:
        raise ValueError(f"bits are set behind the prefix; write {found}")
    return found


def store(url: str) -> None:
    """Raises ValueError where a URL does not name an object store: of S3, of Google, of Azure, or a folder in
    the place of one. It may hold a secret, so it is not repeated."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise ValueError("expected a folder, or a URL such as s3://BUCKET/PREFIX") from None
    if parts.scheme not in ("s3", "gs", "az", "file"):
        raise ValueError("expected a folder, or a URL with s3, gs, az or file")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise ValueError("expected a URL without user, password and query: the environment has credentials")
    if parts.scheme == "file" and (parts.netloc or not parts.path.strip("/")):
        raise ValueError("expected a whole path, as in file:///PATH")
    if parts.scheme != "file" and not parts.netloc:
        raise ValueError("expected a bucket, as in s3://BUCKET/PREFIX")
