"""What can be recognised: a name, a sentence, what to check, and what looks for its traces. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from shadow.verdict.causes import Cause
from shadow.verdict.diagnosis import access, answers, errors, routing, times
from shadow.verdict.diagnosis.case import Case, Traced


class Rule(NamedTuple):
    """One diagnosis."""

    name: str
    what: str
    check: str
    look: Callable[[Case], Traced | None]


class Diagnosis(NamedTuple):
    """One that was made, as `Traced` has it."""

    name: str
    what: str
    check: str
    traces: list[str]
    causes: list[Cause]
    endpoints: frozenset[str]
    """Where it was."""


RULES = (
    Rule(
        "sessions",
        "The target does not know the sessions or tokens of legacy's clients: who is logged in there is a "
        "guest to it.",
        "Share the session store, or the secret that signs sessions and tokens; or pair them, see "
        "mirror.sessions in the guide. What differs by this alone is no fault of the target.",
        access.sessions,
    ),
    Rule(
        "refused_address",
        "Something refuses the target that answers legacy: the address that the cluster goes out with "
        "is unknown there.",
        "Ask the outside API's owner to allow the egress (NAT) address of the cluster; check network "
        "policies, and the credentials that the target itself has for it.",
        access.refused_address,
    ),
    Rule(
        "rate_limit",
        "The target turns requests away as too many: it may count those of all clients as of one.",
        "Count by the client that X-Forwarded-For names, not by the connection's address; leave Shadow's own "
        "address out of the limit while it mirrors.",
        access.rate_limit,
    ),
    Rule(
        "header_limit",
        "A proxy in front of the target has a smaller limit for header fields or URLs than legacy.",
        "Raise large_client_header_buffers (nginx), max_request_headers_kb (Envoy) or "
        "LimitRequestFieldSize, for answers proxy_buffer_size; look at the ingress first, then at the "
        "container's own server.",
        routing.header_limit,
    ),
    Rule(
        "body_limit",
        "Bodies are refused or cut on the way to or from the target.",
        "Raise nginx.ingress.kubernetes.io/proxy-body-size or client_max_body_size; for cut answers "
        "look at proxy buffers, their temporary directory and the size of its volume.",
        routing.body_limit,
    ),
    Rule(
        "pods_ending",
        "Answers are lost in bursts, as when pods end without finishing what they have.",
        "Handle SIGTERM by finishing requests, give a preStop sleep of some seconds, set "
        "terminationGracePeriodSeconds above the longest request, and see that a readiness probe fails "
        "first.",
        routing.pods_ending,
    ),
    Rule(
        "scheme_lost",
        "Behind TLS termination the target takes itself for another scheme or host, and leads there.",
        "Pass X-Forwarded-Proto and Host to the application, and let it trust the proxy that sets them.",
        routing.scheme_lost,
    ),
    Rule(
        "trailing_slash",
        "The target redirects to the same path with another end, which legacy answered at once.",
        "Compare the ingress's path rules and the web server's redirect of directories "
        "(absolute_redirect, DirectorySlash).",
        routing.trailing_slash,
    ),
    Rule(
        "cookie_attributes",
        "Cookies of the target lost attributes that browsers obey.",
        "Check that the application knows it is served by HTTPS (X-Forwarded-Proto), and its session "
        "settings.",
        answers.cookie_attributes,
    ),
    Rule(
        "client_address",
        "The target takes a proxy or pod for its client.",
        "Trust X-Forwarded-For from the ingress's network only; or set externalTrafficPolicy: Local.",
        answers.client_address,
    ),
    Rule(
        "internal_host",
        "The target names hosts to its clients that only the cluster knows.",
        "Look for the URLs of the site, of its files and of its services in the settings: what browsers are "
        "told must be the public one.",
        answers.internal_host,
    ),
    Rule(
        "time_zone",
        "The target's clock stands in another time zone.",
        "Set TZ in the container and see that its image has tzdata; check the time zone of application "
        "and database.",
        answers.time_zone,
    ),
    Rule(
        "locale",
        "The target writes numbers, dates or texts for another locale.",
        "Set LANG and LC_ALL in the container, and see that its image has that locale.",
        answers.locale,
    ),
    Rule(
        "charset",
        "The target's text has another charset, or lost characters.",
        "Check the web server's charset, the locale of the container, and the charset of the database "
        "connection.",
        answers.charset,
    ),
    Rule(
        "missing_environment",
        "The target lacks a value that legacy has: an environment variable, a setting or a secret.",
        "Compare the environment of both; look for ConfigMap and Secret keys that the Deployment does "
        "not name.",
        errors.missing_environment,
    ),
    Rule(
        "missing_extension",
        "The target's image lacks an extension, a library or a font.",
        "Compare php -m, gem list, pip list, ldconfig -p and fc-list of both.",
        errors.missing_extension,
    ),
    Rule(
        "read_only",
        "The target cannot write a file.",
        "Mount an emptyDir where it writes, or set fsGroup; readOnlyRootFilesystem and runAsUser decide"
        " what it may.",
        errors.read_only,
    ),
    Rule(
        "compression",
        "Compression of answers was added or lost on the way.",
        "Compare gzip settings of ingress and web server; clients and caches may depend on Vary and "
        "Content-Length.",
        answers.compression,
    ),
    Rule(
        "timeouts",
        "The target's answers end at a timeout of something between.",
        "Look for what waits so long: an outside address that drops packets, DNS, a database; then at "
        "the timeouts.",
        times.timeouts,
    ),
    Rule(
        "cold_cache",
        "The target was slow at first and is as fast as legacy since: its caches were cold.",
        "Nothing, if it stays so; warm caches before clients are moved.",
        times.cold_cache,
    ),
    Rule(
        "few_workers",
        "The target gets slower as load grows, and legacy does not: it has too few workers, or CPU.",
        "Compare worker and thread counts with the CPU asked for; look for CPU throttling; scale before"
        " the hours of most load.",
        times.few_workers,
    ),
)


def diagnose(case: Case) -> list[Diagnosis]:
    """All that can be recognised, in the order of the table."""
    found = ((rule, rule.look(case)) for rule in RULES)
    return [_made(rule, traced) for rule, traced in found if traced is not None]


def _made(rule: Rule, traced: Traced) -> Diagnosis:
    endpoints = traced.endpoints or frozenset[str]().union(*(cause.endpoints for cause in traced.causes))
    return Diagnosis(rule.name, rule.what, rule.check, traced.traces, traced.causes, endpoints)
