"""The proxies: how each is told to forward to legacy and to mirror everything to the target."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from string import Template
from typing import NamedTuple

from cases import Case
from nginx import command
from processes import CannotRunError, get


class Ports(NamedTuple):
    """Where a proxy listens, and where its backends do."""

    legacy: int
    target: int
    listen: int
    admin: int


class Job(NamedTuple):
    """What a proxy is started for, and the folder that is its own."""

    case: Case
    ports: Ports
    folder: Path
    certificate: Path  # with its key, for a front with TLS


class Peer(NamedTuple):
    """A proxy. `command` writes what the program reads into the job's folder and says how to start it."""

    name: str
    program: str
    command: Callable[[str, Job], list[str]]
    compares: bool = False
    tls: bool = True  # can have it at the front


# Idle connections enough for all clients; no limit of requests on any of them.
_HTTP = Template("""\
  upstream legacy { server 127.0.0.1:$legacy; keepalive 1024; keepalive_requests 100000000; }
  upstream target { server 127.0.0.1:$target; keepalive 1024; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:$listen backlog=4096 $tls;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    location / { $mirror proxy_pass http://legacy; }
    location = /.mirror { internal; proxy_pass http://target$$request_uri; }
  }
""")


def _nginx(program: str, job: Job) -> list[str]:
    pem = job.certificate
    tls = f"ssl; ssl_certificate {pem}; ssl_certificate_key {pem}" if job.case.tls else ""
    mirror = "mirror /.mirror;" if job.case.mirror else ""
    return command(program, job.folder, _HTTP.substitute(job.ports._asdict(), tls=tls, mirror=mirror))


def _envoy(program: str, job: Job) -> list[str]:
    kinds = "type.googleapis.com/envoy.extensions"
    router = {"@type": f"{kinds}.filters.http.router.v3.Router"}
    route: dict[str, object] = {"cluster": "legacy"}
    if job.case.mirror:
        route["request_mirror_policies"] = [{"cluster": "target"}]
    routes = [{"match": {"prefix": "/"}, "route": route}]
    manager = {
        "@type": f"{kinds}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "clients",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
        "http_filters": [{"name": "envoy.filters.http.router", "typed_config": router}],
    }
    network = {"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}
    chain: dict[str, object] = {"filters": [network]}
    if job.case.tls:
        pem = {"filename": str(job.certificate)}
        context = {"tls_certificates": [{"certificate_chain": pem, "private_key": pem}]}
        kind = f"{kinds}.transport_sockets.tls.v3.DownstreamTlsContext"
        typed = {"@type": kind, "common_tls_context": context}
        chain["transport_socket"] = {"name": "envoy.transport_sockets.tls", "typed_config": typed}
    listener = {"address": _address(job.ports.listen), "filter_chains": [chain]}
    clusters = [_cluster("legacy", job.ports.legacy), _cluster("target", job.ports.target)]
    bootstrap = {"static_resources": {"listeners": [listener], "clusters": clusters}}
    file = job.folder / "envoy.json"
    file.write_text(json.dumps(bootstrap))
    # A base id of its own: another Envoy on the machine would not let it start.
    return [program, "-c", str(file), "--concurrency", "1", "--use-dynamic-base-id", "--log-level", "error"]


def _cluster(name: str, port: int) -> dict[str, object]:
    endpoint = {"endpoint": {"address": _address(port)}}
    assignment = {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]}
    return {"name": name, "type": "STATIC", "connect_timeout": "1s", "load_assignment": assignment}


def _address(port: int) -> dict[str, object]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _traefik(program: str, job: Job) -> list[str]:
    """JSON is YAML too."""
    services = {
        name: {"loadBalancer": {"servers": [{"url": f"http://127.0.0.1:{port}"}]}}
        for name, port in (("legacy", job.ports.legacy), ("target", job.ports.target))
    }
    mirroring = {"mirroring": {"service": "legacy", "mirrors": [{"name": "target", "percent": 100}]}}
    service = "mirrored" if job.case.mirror else "legacy"
    router: dict[str, object] = {"rule": "PathPrefix(`/`)", "service": service, "entryPoints": ["web"]}
    dynamic: dict[str, object] = {
        "http": {"routers": {"all": router}, "services": services | {"mirrored": mirroring}}
    }
    if job.case.tls:
        router["tls"] = {}
        pem = str(job.certificate)
        dynamic["tls"] = {"certificates": [{"certFile": pem, "keyFile": pem}]}
    static = {
        "entryPoints": {"web": {"address": f"127.0.0.1:{job.ports.listen}"}},
        "providers": {"file": {"filename": "dynamic.yaml"}},
        "log": {"level": "ERROR"},
        "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
    }
    (job.folder / "dynamic.yaml").write_text(json.dumps(dynamic))
    (job.folder / "traefik.yaml").write_text(json.dumps(static))
    return [program, "--configFile=traefik.yaml"]


def _shadow(program: str, job: Job) -> list[str]:
    settings: dict[str, object] = {
        "legacy": f"http://127.0.0.1:{job.ports.legacy}",
        "target": f"http://127.0.0.1:{job.ports.target}",
        "listen": f"127.0.0.1:{job.ports.listen}",
        "admin": f"127.0.0.1:{job.ports.admin}",
        "record": {"to": str(job.folder / "record")},
        "workers": {"live": job.case.workers, "shadow": job.case.workers},
    }
    if job.case.post:
        settings["endpoints"] = [{"match": "POST /**", "mirror": True}]
    if not job.case.mirror:
        settings["mirror"] = {"sample": 0}
    if job.case.tls:
        settings["tls"] = {"listen": {"certificate": str(job.certificate)}}
    (job.folder / "shadow.yaml").write_text(json.dumps(settings))
    return [program, "proxy", "--config", "shadow.yaml"]


def _relay(program: str, job: Job) -> list[str]:
    ports = [job.ports.listen, job.ports.legacy, *([job.ports.target] if job.case.mirror else [])]
    return [program, str(Path(__file__).with_name("relay.py")), *map(str, ports)]


PEERS = (
    Peer("relay", "python", _relay, tls=False),
    Peer("nginx", "nginx", _nginx),
    Peer("envoy", "envoy", _envoy),
    Peer("traefik", "traefik", _traefik),
    Peer("shadow", "shadow", _shadow, compares=True),
)


class Counted(NamedTuple):
    """What a comparing proxy says became of requests."""

    received: int
    compared: int
    matched: int

    def shares(self, before: Counted) -> tuple[float, float]:
        """Compared and matched, of those received since."""
        received, compared, matched = (now - then for now, then in zip(self, before, strict=True))
        if not received:
            raise CannotRunError("its report did not count the requests")
        return compared / received, matched / received


def counted(admin: int) -> Counted:
    """Ask a running Shadow. It tells what it counted until two seconds ago."""
    totals = json.loads(get(admin, "/totals")[1])
    return Counted(totals["received"], totals["compared"], totals["matched"])
