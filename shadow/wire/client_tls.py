"""TLS towards backends: certificates are verified unless a setting says otherwise."""

from __future__ import annotations

import ssl


def context(verify: bool = True, ca: str | None = None) -> ssl.SSLContext:
    """A client's context; `ca` is a PEM file of authorities beside the system's. Raises OSError, SSLError."""
    made = ssl.create_default_context()
    if ca is not None:
        made.load_verify_locations(ca)
    if not verify:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    made.set_alpn_protocols(["http/1.1"])
    return made
