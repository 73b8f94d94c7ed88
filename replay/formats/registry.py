"""Every format by its name, and the one place where a name or a format string becomes a parser. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from replay.formats import apache, elb, envoy, jsonlines, nginx, traefik, w3c
from replay.formats.gor import GorParser
from replay.formats.haproxy import HaproxyParser
from replay.formats.har import HarParser
from replay.formats.jsonlines import JsonParser
from replay.formats.ltsv import LtsvParser
from replay.formats.parser import Options, Parser

DEFAULTS: Final = Options()

COMMON: Final = '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent'
COMBINED: Final = COMMON + ' "$http_referer" "$http_user_agent"'
APACHE_COMMON: Final = '%h %l %u %t "%r" %>s %b'
APACHE_COMBINED: Final = APACHE_COMMON + ' "%{Referer}i" "%{User-Agent}i"'
LIGHTTPD: Final = APACHE_COMBINED.replace("%l", "%V")
_ENVOY_START = (
    '[%START_TIME%] "%REQ(:METHOD)% %REQ(X-ENVOY-ORIGINAL-PATH?:PATH)% %PROTOCOL%" %RESPONSE_CODE% '
    "%RESPONSE_FLAGS% "
)
_ENVOY_MIDDLE = (
    '%BYTES_RECEIVED% %BYTES_SENT% %DURATION% %RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)% "%REQ(X-FORWARDED-FOR)%" '
    '"%REQ(USER-AGENT)%" "%REQ(X-REQUEST-ID)%" "%REQ(:AUTHORITY)%" "%UPSTREAM_HOST%"'
)


class Preset(NamedTuple):
    """A format that has a name."""

    make: Callable[[Options], Parser]
    description: str
    takes: str = ""
    """Which of `fields` and `captures` says something about it."""


def _nginx(name: str, form: str, description: str) -> tuple[str, Preset]:
    return name, Preset(lambda _: nginx.parser(name, form), description)


def _apache(name: str, form: str, description: str) -> tuple[str, Preset]:
    return name, Preset(lambda options: apache.parser(name, form, options), description)


def _envoy(name: str, form: str, description: str) -> tuple[str, Preset]:
    return name, Preset(lambda options: envoy.parser(name, form, options), description)


def _json(name: str, fields: dict[str, str], at_end: bool, description: str) -> tuple[str, Preset]:
    return name, Preset(lambda options: JsonParser(name, fields, at_end, options), description, "fields")


PRESETS: Final[Mapping[str, Preset]] = dict([
    _nginx("ingress-nginx", COMBINED + " $request_length $request_time [$proxy_upstream_name] "
           "[$proxy_alternative_upstream_name] $upstream_addr $upstream_response_length "
           "$upstream_response_time $upstream_status $req_id", "ingress-nginx's default log-format-upstream"),
    _nginx("combined-time", COMBINED + " $request_time", "combined and nginx's $request_time"),
    _nginx("main", COMBINED + ' "$http_x_forwarded_for"',
           "combined and X-Forwarded-For: nginx.conf as it is packaged"),
    _nginx("combined", COMBINED, "nginx's default and Apache's combined"),
    _nginx("common", COMMON, "NCSA common, Apache's common"),
    _apache("vcombined", r'%v:%p %h %l %u %t "%r" %>s %O "%{Referer}i" "%{User-Agent}i"',
            "combined after virtual host and port: Debian's vhost_combined"),
    _apache("vcommon", r'%v:%p %h %l %u %t "%r" %>s %b', "common after virtual host and port"),
    _nginx("nginx-proxy", "$host " + COMBINED + ' "$upstream_addr"', "the image nginx-proxy's default"),
    _apache("host-combined", "%v " + APACHE_COMBINED, "combined after the host: nginx's $host, Apache's %v"),
    _apache("host-common", "%v " + APACHE_COMMON, "common after the host"),
    _apache("lighttpd", LIGHTTPD, "lighttpd's default: combined, but the second field is the host"),
    _apache("combinedio", APACHE_COMBINED + " %I %O", "Apache's combined with bytes in and out"),
    _envoy("istio", _ENVOY_START + '%RESPONSE_CODE_DETAILS% %CONNECTION_TERMINATION_DETAILS% '
           '"%UPSTREAM_TRANSPORT_FAILURE_REASON%" ' + _ENVOY_MIDDLE + " %UPSTREAM_CLUSTER_RAW% "
           "%UPSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_LOCAL_ADDRESS% %DOWNSTREAM_REMOTE_ADDRESS% "
           "%REQUESTED_SERVER_NAME% %ROUTE_NAME%",
           "Istio's default text"),
    _envoy("envoy", _ENVOY_START + _ENVOY_MIDDLE, "Envoy's default text"),
    ("traefik", Preset(traefik.common, "Traefik's default, common")),
    ("traefik-clf", Preset(traefik.generic, "Traefik's genericCLF: combined, but nothing escaped")),
    ("haproxy", Preset(HaproxyParser, "HAProxy's option httplog", "captures")),
    ("alb", Preset(lambda _: elb.application(), "AWS application load balancer")),
    ("elb", Preset(lambda _: elb.classic(), "AWS classic load balancer")),
    ("cloudfront", Preset(lambda _: w3c.cloudfront(), "AWS CloudFront standard log")),
    ("cloudfront-json", Preset(lambda _: w3c.cloudfront_json(), "AWS CloudFront standard log as JSON")),
    ("iis", Preset(lambda _: w3c.iis(), "IIS W3C extended; #Fields may change in mid-file")),
    ("ltsv", Preset(lambda options: LtsvParser("ltsv", options),
                    "labelled tab-separated values, labels of ltsv.org or your own", "fields")),
    _json("caddy", jsonlines.CADDY, True, "Caddy's JSON"),
    _json("traefik-json", jsonlines.TRAEFIK, False, "Traefik's JSON"),
    _json("envoy-json", jsonlines.ENVOY, False, "JSON with Istio's keys"),
    _json("gcp", jsonlines.GOOGLE, False, "Google Cloud load balancer, as Cloud Logging exports it"),
    _json("json", jsonlines.GENERIC, True, "JSON lines with nginx's or LTSV's names as keys, or your own"),
    ("har", Preset(lambda _: HarParser(), "HTTP archive: a browser's export, with bodies")),
    ("gor", Preset(lambda _: GorParser(), "GoReplay's file output, with answers where recorded")),
])  # fmt: skip
"""The order is that in which detection prefers them: what says more comes first."""


def descriptions() -> dict[str, str]:
    """The name of every preset and a line on it, for --help."""
    return {name: preset.description for name, preset in PRESETS.items()}


def idle(name: str, options: Options) -> str | None:
    """What is given that says nothing about a format, in a line; None where all does."""
    known = name.strip().lower()
    takes = PRESETS[known].takes if known in PRESETS else ""
    for option, flag in (("fields", "--field"), ("captures", "--captures")):
        if getattr(options, option) and option != takes:
            others = ", ".join(other for other, preset in PRESETS.items() if option == preset.takes)
            return f"{flag} says nothing about {name}; it is for {others}"
    return None


def parser(name: str, options: Options = DEFAULTS) -> Parser:
    """A parser for the preset `name` (in any case), or for a format string of nginx, Apache or Envoy.

    Raises `ValueError` with one clear line if the name is unknown, the string cannot be understood, or
    what it logs cannot be replayed.
    """
    preset = PRESETS.get(name.strip().lower())
    if preset:
        return preset.make(options)
    if re.search(r"%(START_TIME|REQ\(|PROTOCOL|RESPONSE_CODE|[A-Z_]{6,}%)", name):
        return envoy.parser("envoy format", name, options)
    if re.search(r"%[\d!,<>]*(\{[^}]*\})?[<>]?[A-Za-z]", name):
        return apache.parser("Apache format", name, options)
    if "$" in name:
        return nginx.parser("nginx format", name)
    raise ValueError(f"no format is called {name!r}: there are {', '.join(PRESETS)}, or give a format string")
