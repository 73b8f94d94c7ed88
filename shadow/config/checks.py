"""What settings must satisfy together. What one value must be by itself, `values` knows.

A check that fails is a line for the user, never an exception; it is told at the setting that is
easiest to change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec

from shadow import address, tls
from shadow.compare.rules import compile_rule
from shadow.config.file import Place, Problem
from shadow.endpoint import unreached
from shadow.settings import Compare, Config, SettingError, Tls

Problems = Iterator[tuple[str, str]]
"""Path of a setting, and what is wrong with it."""


def check(config: Config, places: Mapping[str, Place], *, here: bool = True) -> list[Problem]:
    """All problems, each with the place where the setting, or what it is part of, was given. What is not to
    run `here` finds its files and packages elsewhere, so this machine's are not looked at."""
    checks = CHECKS + (OF_THIS_MACHINE if here else ())
    return [
        Problem(_place(setting, places), setting, what) for one in checks for setting, what in one(config)
    ]


def _place(setting: str, places: Mapping[str, Place]) -> Place:
    outer = setting
    while outer and outer not in places:
        outer = outer[: max(outer.rfind("."), outer.rfind("["), 0)]
    return places[outer] if outer else Place("default")


def _backends_are_others(config: Config) -> Problems:
    """A proxy that asks itself, or that compares legacy with legacy, would look well and tell nothing."""
    listeners = {name: address.listener(getattr(config, name)) for name in ("listen", "admin")}
    backends = {
        name: address.backend(getattr(config, name)) for name in ("legacy", "target") if getattr(config, name)
    }
    for name, backend in backends.items():
        for listener, own in listeners.items():
            if address.same_place(backend, own):
                yield name, f"is this proxy's own address ({listener}); name the backend's"
    if len(backends) == 2 and address.same_place(backends["target"], backends["legacy"]):
        yield "target", "is the same as legacy; name the new platform's address"
    if address.same_place(listeners["admin"], listeners["listen"]):
        yield "admin", "is the same as listen; give it another port"


def _matches_are_reached(config: Config) -> Problems:
    """The first line that matches counts."""
    for line, earlier in unreached([endpoint.match for endpoint in config.endpoints]):
        name = config.endpoints[earlier].match
        what = f"never reached: {name} before it matches all of it; put this one first, or leave it out"
        yield f"endpoints[{line}].match", what


def _rules_compile(config: Config) -> Problems:
    """Every line is right by itself when this runs; here it is their sum."""
    own = {"compare": Compare()} | {
        f"endpoints[{i}].compare": e.compare for i, e in enumerate(config.endpoints)
    }
    for setting, compare in own.items():
        try:
            compile_rule(config.compare, compare)
        except SettingError as error:
            yield f"{setting}.{error.setting}", str(error)
            if setting == "compare":
                return  # the same would be told again for every endpoint


def _certificates_load(config: Config) -> Problems:
    """Told at the start, not by the first handshake."""
    made: tuple[tuple[str, Callable[[], object]], ...] = (
        ("listen", lambda: tls.of_listener(config.tls.listen)),
        ("legacy", lambda: tls.of_backend(config.tls.legacy)),
        ("target", lambda: tls.of_backend(config.tls.target)),
    )
    unsaid = Tls()
    for side, make in made:
        if getattr(config.tls, side) == getattr(unsaid, side):
            continue  # no file to tell of; and to read the system's authorities takes 40 ms
        try:
            make()
        except SettingError as error:
            yield f"tls.{side}.{error.setting}", error.what


def _tls_is_whole(config: Config) -> Problems:
    listen = config.tls.listen
    for side in ("listen", "legacy", "target"):
        settings = getattr(config.tls, side)
        for name in ("key", "client_ca"):
            if getattr(settings, name, None) is not None and settings.certificate is None:
                yield f"tls.{side}.{name}", f"has no certificate; name its PEM file in tls.{side}.certificate"
    if listen.certificate is not None and config.forwarding.proxy_protocol:
        yield "forwarding.proxy_protocol", "not together with tls.listen; end TLS at the load balancer"


def _control_is_legacy(config: Config) -> Problems:
    """Asked of the target, a control would make noise of every difference."""
    url = config.mirror.control.url
    if url and config.target and address.same_place(address.backend(url), address.backend(config.target)):
        yield "mirror.control.url", "is the target; name a second legacy, or nothing for legacy itself"


def _sessions_have_one_worker(config: Config) -> Problems:
    """What one shadow worker has seen of a session another does not know."""
    sessions = config.mirror.sessions
    if (sessions.cookies or sessions.fields) and config.workers.shadow > 1:
        yield "workers.shadow", "must be 1 with mirror.sessions: one has to know what all were given"


def _a_tap_serves_nobody(config: Config) -> Problems:
    """Of copies there is no client whom the target could answer."""
    for i, line in enumerate(config.endpoints):
        if config.tap and line.serve != "legacy":
            yield f"endpoints[{i}].serve", "with tap the proxy that sends the copies serves; leave it out"


def _spans_can_be_made(config: Config) -> Problems:
    try:
        found = find_spec("opentelemetry.exporter.otlp.proto.http") if config.tracing.endpoint else True
    except ModuleNotFoundError:
        found = None
    if found is None:
        yield "tracing.endpoint", "needs an extra; run pip install 'shadow-proxy[otlp]', or leave it out"


def _bodies_fit(config: Config) -> Problems:
    if config.mirror.body_limit > config.mirror.memory:
        yield "mirror.body_limit", "larger than mirror.memory, so one body would not fit; lower it"


CHECKS: tuple[Callable[[Config], Problems], ...] = (
    _backends_are_others,
    _matches_are_reached,
    _rules_compile,
    _tls_is_whole,
    _bodies_fit,
    _a_tap_serves_nobody,
    _control_is_legacy,
    _sessions_have_one_worker,
)

OF_THIS_MACHINE: tuple[Callable[[Config], Problems], ...] = (_certificates_load, _spans_can_be_made)
