"""Every setting: its name, its type, its default and the reason for it.

The shape of the configuration file. `config` fills it from file, environment and flags; nothing
here reads anything. `config/reference.yaml` shows the same, and a test holds the two together.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct, field


class Seconds(float):
    """A duration; written `250ms`, `10s`, `5m`, `1h`, `14d`, or a number of seconds."""


class Size(int):
    """A number of bytes; written `512`, `64KiB`, `1MiB`, `2GiB`."""


class Margin(str):
    """How far two values may be apart; written `0.01`, `1%`, or `2s` for moments."""


class SettingError(ValueError):
    """What a setting says cannot be used; as text it is one line."""

    def __init__(self, setting: str, what: str) -> None:
        """`setting` is its name within its section."""
        super().__init__(f"{setting}: {what}")
        self.setting = setting
        self.what = what


Share = Annotated[float, Meta(ge=0.0, le=1.0)]
Count = Annotated[int, Meta(ge=1)]
Tolerance = Annotated[float, Meta(ge=0.0)]
Mismatches = Annotated[float, Meta(ge=1e-6, le=0.5)]

# Text with a meaning. `form` names its check in `config.values`.
Url = Annotated[str, Meta(description="http://HOST:PORT or https://HOST:PORT", extra={"form": "url"})]
Listen = Annotated[
    str, Meta(description="HOST:PORT or unix:/PATH; port 0 picks one", extra={"form": "listen"})
]
Network = Annotated[str, Meta(description="a network such as 10.0.0.0/8", extra={"form": "network"})]
Host = Annotated[str, Meta(description="preserve, target, or a literal name", extra={"form": "host"})]
Match = Annotated[str, Meta(description="GET /items/{id} or * /admin/**", extra={"form": "match"})]
Ignored = Annotated[
    str,
    Meta(
        description="status, body, text, header:NAME, cookie:NAME, cookie:NAME;ATTRIBUTE, json:$.path, "
        "html:SELECTOR, html:SELECTOR@ATTRIBUTE, xml:/path, form:NAME or csv:COLUMN",
        extra={"form": "ignore"},
    ),
]
Array = Annotated[
    str, Meta(description="json:$.path of an array, or json:$.path key=NAME", extra={"form": "unordered"})
]
Toleranced = Annotated[str, Meta(description="json:$.path or header:NAME", extra={"form": "tolerance"})]
Typed = Annotated[str, Meta(description="json:$.path", extra={"form": "type_only"})]
Linked = Annotated[str, Meta(description="json:$.path or header:NAME of a URL", extra={"form": "same_host"})]
HostName = Annotated[str, Meta(description="a host name, with or without a port", extra={"form": "hosts"})]
Pattern = Annotated[str, Meta(description="a pattern as RE2 reads it", extra={"form": "cut"})]
Difference = Annotated[
    str,
    Meta(
        description="what the report shows, such as changed header:vary or changed status 301→302, "
        "or its place alone",
        extra={"form": "accept"},
    ),
]
Masked = Annotated[
    str, Meta(description="a header name, query:NAME, form:NAME or json:$.path", extra={"form": "mask"})
]
Served = Annotated[
    str, Meta(description="legacy, target, or the target's share such as 5%", extra={"form": "serve"})
]
Place = Annotated[
    str, Meta(description="a folder, or a store such as s3://BUCKET/PREFIX", extra={"form": "place"})
]
Folder = Annotated[str, Meta(description="a folder", extra={"form": "folder"})]
Image = Annotated[str, Meta(description="an image's name with its tag or digest", extra={"form": "image"})]
DnsLabel = Annotated[
    str, Meta(description="small letters, digits and - between them", extra={"form": "dns_label"})
]
Prefix = Annotated[
    str,
    Meta(description="small letters, digits and - between them, a letter first", extra={"form": "prefix"}),
]
Secret = Annotated[str, Meta(description="never shown", extra={"secret": True})]
Token = Annotated[
    str, Meta(description="at least 16 characters, never shown", extra={"secret": True, "form": "token"})
]
Hook = Annotated[str, Meta(description="a URL, never shown", extra={"secret": True, "form": "hook"})]


class Strict(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A section of the file: an unknown key is an error."""


class Workers(Strict, frozen=True):
    """How many processes of each kind that carries traffic."""

    live: Annotated[int, Meta(ge=0, le=256)] = 1  # serve clients; 0: as many as there are cores for
    shadow: Annotated[int, Meta(ge=1, le=256)] = 1  # ask the target; each has its own judge beside it


class Timeouts(Strict, frozen=True):
    """Deadlines of the live path."""

    header: Seconds = Seconds(10)  # first byte of a request head to its last: slow senders get 408
    idle: Seconds = Seconds(75)  # keep-alive client; above the 60 s of AWS load balancers: they close first
    connect: Seconds = Seconds(3)  # to legacy, which is near: a SYN lost twice is still inside
    answer: Seconds = Seconds(60)  # whole request sent to first byte of answer; nginx's proxy_read_timeout
    stall: Seconds = Seconds(60)  # no byte moves in either direction while a message is under way
    whole: Seconds = Seconds(3600)  # one exchange; a gigabyte at 300 KB/s passes
    reuse: Seconds = Seconds(4)  # idle connection to legacy; under the 5 s of Apache and Node: we close first
    linger: Seconds = Seconds(0.75)  # so that a refusal is read before a reset; closed within a second
    lameduck: Seconds = Seconds(5)  # SIGTERM to no new client: not ready, and serving on
    drain: Seconds = Seconds(15)  # then, for what is under way; all in all under Kubernetes' 30 s


class Limits(Strict, frozen=True):
    """What one client may ask for. Neighbours: nginx 8 KiB a line, Envoy 60 KiB of header, HAProxy 15 KiB."""

    request_line: Size = Size(16 * 1024)  # 414 above; an 8 KiB target passes with room
    header_block: Size = Size(64 * 1024)  # 431 above; a 16 KiB cookie passes with room
    fields: Count = 200  # 431 above; 100 pass with room
    connections: Count = 10_000  # clients of one live worker; above, new ones are closed at once
    memory: Size | None = None  # one live worker grows by; above, 503. None: half the container's
    read_ahead: Size = Size(64 * 1024)  # pipelined bytes kept while an answer is under way; then no reading


class Breaker(Strict, frozen=True):
    """When to stop asking a dead target."""

    failures: Count = 20  # in a row, answers of none at all
    probe: Seconds = Seconds(5)  # then one request is let through to see


class Control(Strict, frozen=True):
    """Asking legacy the same once more, to learn in what legacy differs from itself."""

    share: Share = 0.01  # of the exchanges with a safe method, beside the first of each endpoint; 0: none
    per_second: Tolerance = 5.0  # at most, in one shadow worker
    url: Url = ""  # a second legacy to ask; none: legacy itself


class Recheck(Strict, frozen=True):
    """Asking both once more where a safe request showed a difference: is it stable, or did it settle?"""

    per_second: Tolerance = 1.0  # at most, in one shadow worker; 0: never
    after: Seconds = Seconds(2)  # and again after twice as long


class Sessions(Strict, frozen=True):
    """What each side gave a client in answer to the same request is paired, so that the shadow of the next
    request carries the target's own. Off while nothing is named; needs `workers.shadow: 1`."""

    cookies: tuple[str, ...] = ()  # names of session cookies
    fields: tuple[str, ...] = ()  # names of form fields and request headers that carry a token of a page
    most: Count = 10_000  # pairs remembered; the oldest go first
    keep: Seconds = Seconds(3600)  # a pair not used for so long is forgotten


class Mirror(Strict, frozen=True):
    """The shadow path."""

    sample: Share = 1.0  # of each endpoint's eligible requests
    salt: Secret = ""  # other salt, other sample; the same on every replica that must agree
    timeout: Seconds = Seconds(10)  # whole shadow request
    connect: Seconds = Seconds(3)
    reuse: Seconds = Seconds(4)  # idle connection to the target
    in_flight: Count = 256  # shadow requests under way in one worker
    waiting: Annotated[int, Meta(ge=0)] = 1024  # behind those; above, dropped
    body_limit: Size = Size(1024 * 1024)  # one body kept to be compared or sent; Envoy's buffer limit
    memory: Size = Size(64 * 1024 * 1024)  # bodies kept in one live worker, and again the frames behind it
    host: Host = "preserve"  # Host at the target: preserve, target, or a literal name
    breaker: Breaker = field(default_factory=Breaker)
    version: str = ""  # header of the target's answers that tells its version or image digest
    control: Control = field(default_factory=Control)
    recheck: Recheck = field(default_factory=Recheck)
    sessions: Sessions = field(default_factory=Sessions)


class ListenerTls(Strict, frozen=True):
    """TLS with clients; none without a certificate. Files in PEM; changed ones are loaded at once."""

    certificate: str | None = None  # with its chain
    key: str | None = None  # where it is not in the same file
    client_ca: str | None = None  # authorities; given, clients must show a certificate of theirs


class BackendTls(Strict, frozen=True):
    """TLS with a backend whose URL begins with https://."""

    verify: bool = True  # its certificate
    ca: str | None = None  # authorities beside the system's
    certificate: str | None = None  # to show, where it asks for one
    key: str | None = None  # where it is not in the same file


class Tls(Strict, frozen=True):
    """Certificates, of both sides."""

    listen: ListenerTls = field(default_factory=ListenerTls)
    legacy: BackendTls = field(default_factory=BackendTls)
    target: BackendTls = field(default_factory=BackendTls)


class Forwarding(Strict, frozen=True):
    """What the backends are told of the client."""

    trust: tuple[Network, ...] = ()  # whose X-Forwarded-* are believed and appended to; others' are replaced
    proxy_protocol: bool = False  # each connection begins with the client's address, PROXY protocol 1 or 2


class Accept(Strict, frozen=True):
    """A difference that somebody answers for: counted as a hit of this line to the end of a day, in UTC."""

    difference: Difference  # as the report shows it: KIND PLACE, with [*] for an index; PLACE, of any kind
    owner: str  # who accepts it
    reason: str
    until: date  # the last day; then it is a difference again


class Compare(Strict, frozen=True):
    """How an endpoint's answers are compared; an endpoint's own lines are added to the general ones."""

    ignore: tuple[Ignored, ...] = ()  # places that are not compared
    unordered: tuple[Array, ...] = ()  # arrays as sets; with key=NAME, members are known by that member
    tolerance: dict[Toleranced, Margin] = field(default_factory=dict)  # how far values may be apart
    type_only: tuple[Typed, ...] = ()  # values of which only the type counts
    same_host: tuple[Linked, ...] = ()  # URLs that may differ in scheme, host and port
    hosts: tuple[HostName, ...] = ()  # names of legacy and the target that count as one, in any text
    cut: tuple[Pattern, ...] = ()  # what matches is cut out of unequal texts before they are compared
    equivalent: tuple[Literal["wave-dash"], ...] = ()  # characters that count as one: 〜 and ～, − and －, …
    accept: tuple[Accept, ...] = ()


class Endpoint(Strict, frozen=True):
    """Settings of the requests that `match` names; the first match counts."""

    match: Match  # "GET /items/{id}", "* /admin/**"
    serve: Served = "legacy"  # who answers clients; the other side is the shadow
    mirror: bool | None = None  # None: safe methods only
    sample: Share | None = None
    compare: Compare = field(default_factory=Compare)


class Guard(Strict, frozen=True):
    """When clients whom the target answers are given back to legacy: more than this share of its answers was
    a 5xx, or none."""

    failures: Share = 0.05
    window: Seconds = Seconds(30)  # counted in one live worker
    least: Count = 10  # failures; fewer say nothing


class Record(Strict, frozen=True):
    """What is kept."""

    to: Place = "shadow-data"  # folder, or object store: there the segments of all pods come together
    spool: Folder = "shadow-spool"  # folder of what is on its way to the store
    keep: Seconds = Seconds(14 * 86400)  # older segments are deleted
    window: Seconds = Seconds(3600)  # of one tally
    evidence: Count = 20  # comparisons kept of each cause in an hour by one judge
    bodies: Size | None = Size(32 * 1024)  # of a body kept; of a larger one its digest; none: of every one
    hourly: Size = Size(64 * 1024 * 1024)  # evidence that one judge writes in an hour, before compression
    limit: Size = Size(4 * 1024**3)  # evidence in the folder; above, the oldest goes; tallies stay
    segment: Size = Size(8 * 1024 * 1024)  # sealed above this
    mask: tuple[Masked, ...] = ()  # header names, query:NAME, form:NAME, json:$.path beside the built-in ones

    @property
    def shipped(self) -> bool:
        """Whether segments go on to a store."""
        return "://" in self.to

    @property
    def folder(self) -> str:
        """Where segments are written."""
        return self.spool if self.shipped else self.to


class Criteria(Strict, frozen=True):
    """When an endpoint is called ready."""

    tolerance: Mismatches = 0.001  # share of distinct requests an hour that may be answered differently
    hours: Annotated[int, Meta(ge=0, le=24)] = (
        0  # of the day, UTC, in which something must have been compared
    )
    latency: bool = True  # whether a target that is slower is regressed; where not, it is only shown


class Reporting(Strict, frozen=True):
    """Who is told."""

    hook: Hook = ""  # URL that a message is posted to when a verdict changes, as Slack's web hooks take it


class Log(Strict, frozen=True):
    """The program's own log, on standard error."""

    format: Literal["console", "json", "ltsv"] = "console"
    level: Literal["debug", "info", "warning", "error"] = "info"
    access: str | None = None  # file for an access log in LTSV that `shadow replay` reads; URLs are in it


class Tracing(Strict, frozen=True):
    """Spans of mirrored requests. Needs `pip install shadow-proxy[otlp]`."""

    endpoint: Url = (
        ""  # of a collector that takes OTLP over HTTP, such as http://collector:4318; none: no spans
    )
    share: Share = 0.01  # of the requests without a traceparent; with one, its sampled flag decides


class Kubernetes(Strict, frozen=True):
    """What `shadow manifests` writes a kustomization of; the proxy reads nothing of it."""

    image: Image = "shadow:0.1.0"  # where your cluster finds it, with its tag or digest
    namespace: DnsLabel = ""  # none: that of the overlay, or of kubectl
    name: Prefix = ""  # before the names of all objects; where a namespace has several proxies
    replicas: Count = 3  # at least; four times as many under load
    rate: Tolerance = 0.0  # requests a second at the busiest, of all pods together; 0: not known
    monitoring: bool = True  # ServiceMonitor, PrometheusRule, dashboards: needs the Prometheus operator


class Config(Strict, frozen=True):
    """Everything that can be set."""

    legacy: Url = ""  # http://host:port
    target: Url = ""
    listen: Listen = "127.0.0.1:8080"
    admin: Listen = "127.0.0.1:9900"
    admin_token: Token = (
        ""  # all but health and metrics needs it; none: only this machine may ask for the rest
    )
    tap: bool = False  # what comes are copies of another proxy's requests: answered at once, asked of both
    workers: Workers = field(default_factory=Workers)
    timeouts: Timeouts = field(default_factory=Timeouts)
    limits: Limits = field(default_factory=Limits)
    tls: Tls = field(default_factory=Tls)
    forwarding: Forwarding = field(default_factory=Forwarding)
    mirror: Mirror = field(default_factory=Mirror)
    compare: Compare = field(default_factory=Compare)
    endpoints: tuple[Endpoint, ...] = ()
    guard: Guard = field(default_factory=Guard)
    record: Record = field(default_factory=Record)
    verdict: Criteria = field(default_factory=Criteria)
    report: Reporting = field(default_factory=Reporting)
    log: Log = field(default_factory=Log)
    tracing: Tracing = field(default_factory=Tracing)
    kubernetes: Kubernetes = field(default_factory=Kubernetes)
