"""TLS contexts from settings: for clients at the front, and for each backend.

Certificates are verified unless a setting says otherwise. What is wrong is a SettingError.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shadow.settings import BackendTls, ListenerTls, SettingError, Tls


def of_listener(settings: ListenerTls) -> ssl.SSLContext | None:
    """What clients are met with; None where they come without TLS."""
    if settings.certificate is None:
        return None
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.set_alpn_protocols(["http/1.1"])
    _own(made, settings.certificate, settings.key)
    if settings.client_ca is not None:
        _authorities(made, "client_ca", settings.client_ca)
        made.verify_mode = ssl.CERT_REQUIRED
    return made


def of_backend(settings: BackendTls) -> ssl.SSLContext:
    """What a backend is asked with."""
    made = ssl.create_default_context()
    made.set_alpn_protocols(["http/1.1"])
    if settings.ca is not None:
        _authorities(made, "ca", settings.ca)
    if settings.certificate is not None:
        _own(made, settings.certificate, settings.key)
    if not settings.verify:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    return made


def files(settings: Tls) -> list[Path]:
    """The files that the settings name: another content is another configuration."""
    backends = (settings.legacy, settings.target)
    named = [settings.listen.certificate, settings.listen.key, settings.listen.client_ca]
    named += [name for each in backends for name in (each.ca, each.certificate, each.key)]
    return [Path(name) for name in named if name is not None]


def _own(context: ssl.SSLContext, certificate: str, key: str | None) -> None:
    for setting, path in (("certificate", certificate), ("key", key or certificate)):
        with _readable(setting), open(path, "rb"):
            pass
    try:
        # A key with a passphrase would ask for it on a terminal that nobody watches.
        context.load_cert_chain(certificate, key, password=lambda: "")
    except (ssl.SSLError, ValueError) as error:
        reason = getattr(error, "reason", None) or str(error)
        what = f"no PEM certificate with its key, without passphrase: {reason}"
        raise SettingError("certificate", what) from None


def _authorities(context: ssl.SSLContext, setting: str, path: str) -> None:
    with _readable(setting):
        try:
            context.load_verify_locations(path)
        except ssl.SSLError:
            raise SettingError(setting, "no certificate is in the file; name a PEM file") from None


@contextmanager
def _readable(setting: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        what = f"cannot be read: {error.strerror}; name a PEM file that this user may read"
        raise SettingError(setting, what) from None
