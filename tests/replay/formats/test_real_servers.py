"""What real servers were asked is what their logs say, byte for byte, or the line says why it is not."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import pytest
from support.programs import free_port, program

from replay.formats.detect import Detected, detect
from replay.formats.parser import LineParser, Options
from replay.formats.registry import parser
from replay.model import BadLine, LoggedRequest, LogSkip

PATIENCE = 20.0
"""Seconds until what has not happened is a failure."""

AGENT = rb'Mozilla/5.0 "q" \x41 \ (X11; a "b c)'

ASKED = {
    "plain": b"/plain?page=2&sort=asc",
    "shift_jis": b"/q?name=" + "検索ソ".encode("shift_jis"),
    "euc_jp": b"/q?name=" + "検索".encode("euc_jp"),
    "utf8": b"/q?name=" + "検索".encode(),
    "high": b"/q?" + bytes(range(0x80, 0x100)),
    "quotes": b"/q?a=\"b\"&c='d'",
    "backslash": rb"/q?a=\x41\\n\"b\q",
    "hex_like": b"/q?a=#41%2341",
    "escaped": b"/esc/%E6%A4%9C%2F%20%22?q=%00%ff%5C",
    "brackets": b"/q?a=<b>&c={d}|^`[e]",
    "long": b"/long?q=" + b"0123456789" * 300,
    "slashes": b"//double//slash/",
    "dots": b"/a/../b/./c/%2e%2e/d",
    "questions": b"/a?b?c=/d?",
    "empty_query": b"/a?",
    "replacement": b"/q?" + "\N{REPLACEMENT CHARACTER}".encode(),
    "control": b"/q?a=\x01\x7fb",
    "space": b"/a b",
    "absolute": b"http://shop.example/abs?x=1",
}
"""Every target that is asked, by what is awkward about it."""

SEEN = {**ASKED, "absolute": b"/abs?x=1"}
"""What legacy is asked again: of an absolute URL its path."""


ANSWERED = (200, 400, 404, 502)
DAY = 86_400.0

READY = b"/ready"
"""Is asked until the server works, and left out of its log."""


class Server(NamedTuple):
    """How to run a server that logs, and how it is told to end and write what it holds back."""

    start: Callable[[Path, int], list[str]]
    end: int = signal.SIGTERM
    ready: bytes = b"HTTP/1.1 "  # how its answer begins once it works


NGINX_PLAIN = '$time_iso8601 [$request] $status "$http_user_agent" $request_time'


def nginx(folder: Path, port: int) -> list[str]:
    ltsv = r"time:$time_local\thost:$remote_addr\tmethod:$request_method\turi:$request_uri\tstatus:$status"
    ltsv += r"\tsize:$body_bytes_sent\treqtime:$request_time\treferer:$http_referer\tua:$http_user_agent"
    fields = "time_iso8601 remote_addr request status body_bytes_sent request_time http_host http_user_agent"
    obj = ",".join(f'"{name}":"${name}"' for name in fields.split())
    (folder / "nginx.conf").write_text(f"""
        daemon off; master_process off; pid {folder}/pid; error_log {folder}/errors;
        events {{}}
        http {{
            large_client_header_buffers 4 32k;
            log_format tabbed "{ltsv}";
            log_format object escape=json '{{{obj}}}';
            log_format plain escape=none '{NGINX_PLAIN}';
            access_log {folder}/combined; access_log {folder}/ltsv tabbed; access_log {folder}/json object;
            access_log {folder}/none plain; access_log syslog:server=127.0.0.1:{port};
            client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
            uwsgi_temp_path {folder}; scgi_temp_path {folder};
            server {{ listen 127.0.0.1:{port}; merge_slashes off; location / {{ return 200 ok; }} }}
        }}""")
    return ["nginx", "-c", f"{folder}/nginx.conf", "-p", str(folder), "-e", f"{folder}/errors"]


APACHE_LTSV = (
    r"time:%t\thost:%h\treq:%r\tstatus:%>s\tsize:%B\treqtime_microsec:%D\treferer:%{Referer}i"
    r"\tua:%{User-Agent}i\tvhost:%{Host}i"
)
APACHE_OWN = (
    '%{%Y-%m-%dT%H:%M:%S}t.%{msec_frac}t %{%z}t %a "%r" (%U%q) %!404,500{X-None}i %>s %{ms}T "%{User-agent}i"'
)


def apache(folder: Path, port: int) -> list[str]:
    modules = "/usr/lib/apache2/modules"
    quoted = APACHE_OWN.replace('"', '\\"')
    (folder / "apache.conf").write_text(f"""
        ServerRoot {folder}
        ServerName shop.example
        Listen 127.0.0.1:{port}
        PidFile {folder}/pid
        ErrorLog {folder}/errors
        LoadModule mpm_event_module {modules}/mod_mpm_event.so
        LoadModule authz_core_module {modules}/mod_authz_core.so
        DocumentRoot {folder}
        LimitRequestLine 16000
        DefaultRuntimeDir {folder}
        LogFormat "%h %l %u %t \\"%r\\" %>s %b \\"%{{Referer}}i\\" \\"%{{User-Agent}}i\\"" combined
        LogFormat "%v:%p %h %l %u %t \\"%r\\" %>s %O \\"%{{Referer}}i\\" \\"%{{User-Agent}}i\\"" vcombined
        LogFormat "{APACHE_LTSV}" ltsv
        LogFormat "{quoted}" own
        CustomLog {folder}/combined combined
        CustomLog {folder}/vcombined vcombined
        CustomLog {folder}/ltsv ltsv
        CustomLog {folder}/own own
        """)
    return ["apache2", "-f", f"{folder}/apache.conf", "-D", "FOREGROUND"]


def haproxy(folder: Path, port: int) -> list[str]:
    # With one thread lines stand in the order of the requests: each writes its line after the answer.
    (folder / "haproxy.cfg").write_text(f"""
        global
            nbthread 1
            log stdout len 8192 format raw local0
            log 127.0.0.1:{port} len 8192 format rfc5424 local0
            tune.http.logurilen 8192
        defaults
            mode http
            timeout client 5s
            timeout connect 5s
            timeout server 5s
            log global
            option httplog
            option accept-invalid-http-request
        frontend web
            bind 127.0.0.1:{port}
            capture request header Host len 64
            capture request header User-Agent len 128
            http-request return status 200 content-type text/plain string ok\n""")
    return ["haproxy", "-db", "-f", f"{folder}/haproxy.cfg"]


def haproxy_cutting(folder: Path, port: int) -> list[str]:
    command = haproxy(folder, port)
    config = folder / "haproxy.cfg"
    settings = config.read_text().replace("len 8192 ", "").replace("tune.http.logurilen 8192", "")
    config.write_text(settings.replace("option accept-invalid-http-request", ""))
    return command


def caddy(folder: Path, port: int) -> list[str]:
    log = {"writer": {"output": "file", "filename": f"{folder}/caddy"}, "encoder": {"format": "json"}}
    site = {"listen": [f"127.0.0.1:{port}"], "logs": {}, "automatic_https": {"disable": True},
            "routes": [{"handle": [{"handler": "static_response", "body": "ok"}]}]}  # fmt: skip
    config = {"admin": {"disabled": True}, "logging": {"logs": {"default": log}},
              "apps": {"http": {"servers": {"web": site}}}}  # fmt: skip
    (folder / "caddy.json").write_text(json.dumps(config))
    return ["caddy", "run", "--config", f"{folder}/caddy.json"]


def traefik(folder: Path, port: int, form: str = "common") -> list[str]:
    (folder / "dynamic").mkdir()
    router = {"entryPoints": ["web"], "rule": "PathPrefix(`/`)", "service": "nobody"}
    nobody = {"loadBalancer": {"servers": [{"url": "http://127.0.0.1:1"}]}}
    routing = {"http": {"routers": {"all": router}, "services": {"nobody": nobody}}}
    (folder / "dynamic" / "all.yml").write_text(json.dumps(routing))
    return ["traefik", f"--entrypoints.web.address=127.0.0.1:{port}", "--accesslog=true",
            f"--accesslog.filepath={folder}/{form}", f"--accesslog.format={form}",
            "--accesslog.fields.headers.names.User-Agent=keep", "--global.checknewversion=false",
            "--global.sendanonymoususage=false", f"--providers.file.directory={folder}/dynamic"]  # fmt: skip


def traefik_json(folder: Path, port: int) -> list[str]:
    return traefik(folder, port, "json")


def traefik_clf(folder: Path, port: int) -> list[str]:
    return traefik(folder, port, "genericCLF")


def envoy(folder: Path, port: int) -> list[str]:
    kinds = "type.googleapis.com/envoy.extensions"
    file_log = f"{kinds}.access_loggers.file.v3.FileAccessLog"
    keys = {"start_time": "%START_TIME%", "method": "%REQ(:METHOD)%", "path": "%REQ(:PATH)%",
            "response_code": "%RESPONSE_CODE%", "duration": "%DURATION%", "user_agent": "%REQ(USER-AGENT)%",
            "authority": "%REQ(:AUTHORITY)%", "bytes_sent": "%BYTES_SENT%"}  # fmt: skip
    logs = [{"@type": file_log, "path": f"{folder}/text"},
            {"@type": file_log, "path": f"{folder}/json", "log_format": {"json_format": keys}}]  # fmt: skip
    router = {"@type": f"{kinds}.filters.http.router.v3.Router"}
    route = {"match": {"prefix": "/"}, "direct_response": {"status": 200, "body": {"inline_string": "ok"}}}
    manager = {"@type": f"{kinds}.filters.network.http_connection_manager.v3.HttpConnectionManager",
               "stat_prefix": "web", "delayed_close_timeout": "0.1s",
               "access_log": [{"name": "log", "typed_config": log} for log in logs],
               "http_filters": [{"name": "envoy.filters.http.router", "typed_config": router}],
               "http_protocol_options": {"allow_absolute_url": True},
               "route_config": {"virtual_hosts": [
                   {"name": "all", "domains": ["*"], "routes": [route]}]}}  # fmt: skip
    chain = {"filters": [{"name": "envoy.filters.network.http_connection_manager", "typed_config": manager}]}
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    listener = {"name": "web", "address": address, "filter_chains": [chain]}
    (folder / "envoy.json").write_text(json.dumps({"static_resources": {"listeners": [listener]}}))
    return [
        "envoy",
        "-c",
        f"{folder}/envoy.json",
        "--use-dynamic-base-id",
        "--concurrency",
        "1",
        "-l",
        "error",
    ]


SERVERS = {
    "nginx": Server(nginx, signal.SIGQUIT),
    "apache": Server(apache),
    "haproxy": Server(haproxy, signal.SIGUSR1),
    "haproxy-cutting": Server(haproxy_cutting, signal.SIGUSR1),
    "caddy": Server(caddy),
    "traefik": Server(traefik, ready=b"HTTP/1.1 502"),
    "traefik-json": Server(traefik_json, ready=b"HTTP/1.1 502"),
    "traefik-clf": Server(traefik_clf, ready=b"HTTP/1.1 502"),
    "envoy": Server(envoy),
}


@contextlib.contextmanager
def running(server: Server, folder: Path, port: int) -> Iterator[None]:
    """The server, until it has ended and its logs are whole. At its port it can reach syslog, too."""
    name, *arguments = server.start(folder, port)
    executable = program(name)
    syslog = socket.socket(type=socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    syslog.bind(("127.0.0.1", port))
    with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
        own = {
            **os.environ,
            "HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder),
            "XDG_DATA_HOME": str(folder),
        }
        process = subprocess.Popen([executable, *arguments], cwd=folder, env=own, stdout=out, stderr=err)
    try:
        wait_for(server, port, process, folder)
        yield
        process.send_signal(server.end)
        process.wait(PATIENCE)
        (folder / "syslog").write_bytes(b"".join(received(syslog)))
    finally:
        syslog.close()
        process.kill()
        process.wait()


def received(syslog: socket.socket) -> Iterator[bytes]:
    """What was sent there, as lines."""
    with contextlib.suppress(BlockingIOError):
        while True:
            yield syslog.recv(65536).rstrip(b"\n") + b"\n"


def wait_for(server: Server, port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    """Until the server listens, and its routes are there."""
    deadline = time.monotonic() + PATIENCE
    while True:
        assert process.poll() is None, (folder / "stderr").read_text()
        assert time.monotonic() < deadline, (folder / "stderr").read_text()
        with contextlib.suppress(ConnectionError):
            if ask(port, READY).startswith(server.ready):
                return
        time.sleep(0.02)


def ask(port: int, target: bytes) -> bytes:
    """One request on a connection of its own; the answer, once the server has closed it."""
    head = b"GET %b HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: %b\r\nConnection: close\r\n\r\n"
    answer = b""
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as connection:
        connection.sendall(head % (target, AGENT))
        with contextlib.suppress(ConnectionError):
            while data := connection.recv(65536):
                answer += data
    return answer


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Gives the folder of a server's logs; each server is asked once."""
    done: dict[str, Path] = {}

    def of(name: str) -> Path:
        if name not in done:
            folder, port = tmp_path_factory.mktemp(name), free_port()
            with running(SERVERS[name], folder, port):
                for target in ASKED.values():
                    ask(port, target)
            done[name] = folder
        return done[name]

    return of


class Log(NamedTuple):
    """One log of one server, and what it says of the awkward requests."""

    server: str
    file: str
    format: str
    detected: str | None = None  # the preset that is found without being told
    skipped: Mapping[LogSkip, str] = MappingProxyType({})  # lines that cannot be asked again
    unlogged: str = ""  # what leaves no line
    changed: Mapping[str, bytes] = MappingProxyType(
        {}
    )  # what the server changes before it forwards and logs it
    options: Options = Options()


REFUSED = {LogSkip.NOT_REPLAYABLE: "control space"}
REPLACED = {LogSkip.LOSSY: "replacement"}
ENVOY_REFUSES = {LogSkip.NOT_REPLAYABLE: "shift_jis euc_jp utf8 high replacement control space"}
TRAEFIK_CLEANS = {"slashes": b"/double/slash/", "dots": b"/b/d"}
GO_REPLACES = {LogSkip.LOSSY: "shift_jis euc_jp high replacement"}

LOGS = [
    Log("nginx", "combined", "combined", "combined", REFUSED),
    Log("nginx", "syslog", "combined", "combined", REFUSED),
    Log("nginx", "ltsv", "ltsv", "ltsv", REFUSED),
    Log("nginx", "json", "json", "json", {**REFUSED, **REPLACED}),
    Log("nginx", "none", f"log_format plain escape=none '{NGINX_PLAIN}';", None, REFUSED),
    Log("apache", "combined", "combined", "combined", REFUSED),
    Log("apache", "vcombined", "vcombined", "vcombined", REFUSED),
    Log("apache", "ltsv", "ltsv", "ltsv", REFUSED),
    Log("apache", "ltsv", APACHE_LTSV, "ltsv", REFUSED),
    Log("apache", "own", APACHE_OWN, None, REFUSED),
    Log("haproxy", "stdout", "haproxy", "haproxy", REFUSED, options=Options(captures=("Host", "User-Agent"))),
    Log("haproxy", "syslog", "haproxy", "haproxy", REFUSED, options=Options(captures=("Host", "User-Agent"))),
    Log("haproxy-cutting", "stdout", "haproxy", "haproxy",
        {LogSkip.MALFORMED: "long", LogSkip.NOT_REPLAYABLE: "shift_jis euc_jp utf8 high hex_like replacement "
         "control space"}, options=Options(captures=("Host", "User-Agent"))),
    Log("caddy", "caddy", "caddy", "caddy", GO_REPLACES, unlogged="control space"),
    Log("traefik", "common", "traefik", "traefik", {}, "control space", TRAEFIK_CLEANS),
    Log("traefik-clf", "genericCLF", "traefik-clf", None, {}, "control space", TRAEFIK_CLEANS),
    Log("traefik-json", "json", "traefik-json", "traefik-json", GO_REPLACES, "control space", TRAEFIK_CLEANS),
    Log("envoy", "text", "envoy", "envoy", ENVOY_REFUSES),
    Log("envoy", "json", "envoy-json", "envoy-json", ENVOY_REFUSES),
]  # fmt: skip


def named(log: Log) -> str:
    return f"{log.server}-{log.file}-{log.format if log.format.isidentifier() else 'string'}"


@pytest.mark.parametrize("log", LOGS, ids=named)
def test_what_was_asked_is_what_is_read(log: Log, logs: Callable[[str], Path]) -> None:
    """Each line gives the target and the agent that were sent, in order, or why it cannot be asked again."""
    lines = requests_of((logs(log.server) / log.file).read_bytes())
    made = parser(log.format, log.options)
    assert isinstance(made, LineParser)
    asked = [name for name in ASKED if name not in log.unlogged.split()]
    parsed = dict(zip(asked, (made.parse(line) for line in lines), strict=True))
    skipped = {name: one.reason for name, one in parsed.items() if isinstance(one, BadLine)}
    assert skipped == {name: reason for reason, names in log.skipped.items() for name in names.split()}
    seen = {**SEEN, **log.changed}
    for name, one in parsed.items():
        if isinstance(one, LoggedRequest):
            assert (one.method, one.target) == (b"GET", seen[name])
            # a request line that Apache refuses is logged before the headers are read
            assert dict(one.headers).get(b"User-Agent") == AGENT or one.status == 400
            assert one.host in (None, b"shop.example")
            assert one.status in ANSWERED
            assert abs(time.time() - one.at) < DAY


@pytest.mark.parametrize("log", [log for log in LOGS if log.detected], ids=named)
def test_its_format_is_found(log: Log, logs: Callable[[str], Path]) -> None:
    """A real log needs no --format."""
    found = detect(requests_of((logs(log.server) / log.file).read_bytes()), log.options)
    assert isinstance(found, Detected), found.why
    assert found.name == log.detected


def requests_of(log: bytes) -> list[bytes]:
    """The lines that requests left: Caddy and HAProxy write of themselves too."""
    lines = [line for line in log.splitlines() if READY not in line and b"Proxy " not in line]
    return [line for line in lines if line[:9] != b'{"level":' or b"http.log.access" in line]
