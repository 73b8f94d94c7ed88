"""Settings from file, environment and flags; what is wrong with them; how they are shown."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.processor import within

from shadow.config import load as config
from shadow.config.load import FLAGS, SETTINGS, VARIABLES, ConfigError, config_hash, load, schema, show
from shadow.settings import (
    BackendTls,
    Compare,
    Config,
    Endpoint,
    Log,
    Margin,
    Mirror,
    Record,
    Seconds,
    Size,
    Strict,
)

FILES = Path(__file__).parent.parent.parent / "config"

Write = Callable[[str], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes `shadow.yaml` and gives its path."""

    def write(text: str) -> str:
        path = tmp_path / "shadow.yaml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def problems(
    path: str | None = None, *, needed: tuple[str, ...] = (), flags: Any = None, **environ: str
) -> list[str]:
    """The lines of the error, with the file's name alone."""
    with pytest.raises(ConfigError) as caught:
        load(path, flags or {}, environ, needed=needed)
    folder = os.path.dirname(path) + "/" if path else ""
    return [line.replace(folder, "") if folder else line for line in caught.value.problems]


# ---- where a value comes from ----------------------------------------------------------------


def test_without_any_source_everything_is_default() -> None:
    """No file is needed."""
    loaded = load(None, {}, {})
    assert loaded.config == Config()
    assert set(loaded.origin) == set(SETTINGS)
    assert set(loaded.origin.values()) == {"default"}


def test_flag_over_environment_over_file_over_default(write: Write) -> None:
    """The nearest to the user wins, and the origin says which it was."""
    path = write("legacy: http://a\ntarget: http://a:1\nmirror:\n  salt: a\n")
    environ = {"SHADOW_TARGET": "http://b", "SHADOW_LEGACY": "http://b:1"}
    loaded = load(path, {"legacy": "http://c", "target": None}, environ)
    assert (loaded.config.legacy, loaded.config.target, loaded.config.mirror.salt) == (
        "http://c",
        "http://b",
        "a",
    )
    assert {name: loaded.origin[name] for name in ("legacy", "target", "mirror.salt", "listen")} == {
        "legacy": "flag --legacy",
        "target": "environment SHADOW_TARGET",
        "mirror.salt": f"{path}:4",
        "listen": "default",
    }


@pytest.mark.parametrize("flag", FLAGS)
def test_every_flag_has_its_setting_and_its_variable(flag: str) -> None:
    """Whatever can be said by flag can be said in the file and the environment."""
    assert FLAGS[flag] in SETTINGS
    assert FLAGS[flag] in VARIABLES.values()


def test_every_setting_has_a_variable_of_its_own() -> None:
    """No two paths give one name, and none is the `…_FILE` of another."""
    assert sorted(VARIABLES.values()) == sorted(SETTINGS)
    assert not [
        name for name in VARIABLES if name.removesuffix("_FILE") in VARIABLES and name.endswith("_FILE")
    ]


def test_flags_may_be_of_their_own_type() -> None:
    """The command line gives numbers as numbers."""
    loaded = load(None, {"sample": 0.25, "workers": 3}, {})
    assert (loaded.config.mirror.sample, loaded.config.workers.live) == (0.25, 3)


def test_a_variable_holds_what_has_parts() -> None:
    """Lists with commas, everything as YAML."""
    environ = {
        "SHADOW_FORWARDING_TRUST": "10.0.0.0/8, ::1",
        "SHADOW_COMPARE_IGNORE": '["json:$.items[*].at", status]',
        "SHADOW_COMPARE_TOLERANCE": "{json:$.price: 0.01}",
        "SHADOW_ENDPOINTS": "[{match: GET /a, mirror: no}]",
    }
    loaded = load(None, {}, environ).config
    assert loaded.forwarding.trust == ("10.0.0.0/8", "::1")
    assert loaded.compare == Compare(
        ignore=("json:$.items[*].at", "status"), tolerance={"json:$.price": Margin("0.01")}
    )
    assert loaded.endpoints == (Endpoint(match="GET /a", mirror=False),)


def test_a_secret_comes_from_a_file(tmp_path: Path) -> None:
    """`…_FILE` names it; the line's end is no part of it."""
    secret = tmp_path / "salt"
    secret.write_text("on 0x10\n")
    loaded = load(None, {}, {"SHADOW_MIRROR_SALT_FILE": str(secret)})
    assert loaded.config.mirror.salt == "on 0x10"
    assert loaded.origin["mirror.salt"] == "environment SHADOW_MIRROR_SALT_FILE"


def test_an_empty_variable_is_none(write: Write) -> None:
    """Templates leave empty ones behind."""
    path = write("mirror: {sample: 0.5}")
    assert (
        load(path, {}, {"SHADOW_MIRROR_SAMPLE": "", "SHADOW_MIRROR_SALT_FILE": ""}).config.mirror.sample
        == 0.5
    )


@pytest.mark.parametrize("text", ["", "\n"])
def test_an_empty_file_of_a_secret_is_a_mistake(tmp_path: Path, text: str) -> None:
    """Whoever names one means a secret to be there."""
    secret = tmp_path / "token"
    secret.write_text(text)
    with pytest.raises(ConfigError) as refused:
        load(None, {}, {"SHADOW_ADMIN_TOKEN_FILE": str(secret)})
    assert refused.value.problems == [
        f"environment SHADOW_ADMIN_TOKEN_FILE: admin_token: {secret}: is empty; write the value into it"
    ]


def test_variables_of_kubernetes_services_are_not_ours() -> None:
    """A Service named shadow, or shadow-admin, puts these into every pod."""
    environ = {
        "SHADOW_PORT": "tcp://10.0.0.1:80",
        "SHADOW_ADMIN_PORT": "tcp://10.0.0.1:80",
        "SHADOW_ADMIN_PORT_80_TCP_ADDR": "10.0.0.1",
        "SHADOW_ADMIN_SERVICE_PORT_HTTP": "80",
        "SHADOW_LISTEN_SERVICE_HOST": "10.0.0.1",
    }
    assert load(None, {}, environ).config == Config()


# ---- how values are written ------------------------------------------------------------------


def test_the_declared_type_reads_a_text(write: Write) -> None:
    """What YAML 1.1 would guess, `on`, `010`, `1:30`, `null`, does not matter."""
    loaded = load(
        write('mirror: {salt: on, host: 1.10}\ntls: {target: {verify: off, ca: ~}}\nworkers: {live: "2"}'),
        {},
        {},
    )
    assert loaded.config.mirror == Mirror(salt="on", host="1.10")
    assert loaded.config.tls.target == BackendTls(verify=False)
    assert loaded.config.workers.live == 2


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("250ms", 0.25), ("0.3", 0.3), ("300ms", 0.3), ("10s", 10), ("1.5h", 5400), ("14d", 1209600)],
)
def test_durations_have_units(text: str, seconds: float) -> None:
    """A number without one is in seconds."""
    assert load(None, {}, {"SHADOW_TIMEOUTS_IDLE": text}).config.timeouts.idle == Seconds(seconds)


@pytest.mark.parametrize(
    ("text", "size"), [("512", 512), ("64KiB", 65536), ("1MiB", 1 << 20), ("2GiB", 2 << 30)]
)
def test_sizes_have_units(text: str, size: int) -> None:
    """A number without one is in bytes."""
    assert load(None, {}, {"SHADOW_RECORD_SEGMENT": text}).config.record.segment == Size(size)


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("SHADOW_TIMEOUTS_IDLE", text)
        for text in ("0", "-1s", "1 s", "1S", "s", "1e3", "nan", "inf", "9999d", "1m30s", "9" * 400)
    ]
    + [("SHADOW_RECORD_SEGMENT", text) for text in ("0", "1MB", "1.5MiB", "1kib", "-1", "9999999GiB")]
    + [("SHADOW_WORKERS_LIVE", text) for text in ("-1", "1.0", "010", "0x1", "two", "9" * 400, "١")]
    + [("SHADOW_MIRROR_SAMPLE", text) for text in ("1.1", "-0.1", "nan", "50%", "1e999")]
    + [("SHADOW_TLS_TARGET_VERIFY", text) for text in ("1", "maybe")]
    + [("SHADOW_LOG_LEVEL", text) for text in ("INFO", "trace")],
)
def test_what_is_not_of_the_type_is_refused(variable: str, text: str) -> None:
    """The line says what was expected, and repeats a bounded part of what was given."""
    (line,) = problems(**{variable: text})
    assert line.startswith(f"environment {variable}: {VARIABLES[variable]}: expected ")
    assert len(line) < 200


# ---- what is wrong ---------------------------------------------------------------------------


def test_all_errors_come_at_once_each_with_line_and_path(write: Write) -> None:
    """One run of the program shows everything there is to repair."""
    path = write(
        """\
listen: 127.0.0.1:99999
legacy: old:80
mirror:
  sampel: 1
  sample: 2
  breaker: 5
  timeout: 1s
  timeout: 2s
endpoints:
  - match: GET /items/{id
  - mirror: true
  - {match: GET /x, mirror: [1]}
forwarding:
  trust:
    - 10.0.0.1/8
compare: {ignore: [status, nothing]}
log: {level:}
sample: 1
workers: [1]
"""
    )
    expected = """\
shadow.yaml:1: listen: port 99999 does not exist; the largest is 65535
shadow.yaml:2: legacy: a URL begins with http:// or https://; write http://old:80
shadow.yaml:4: mirror.sampel: unknown setting; did you mean sample?
shadow.yaml:5: mirror.sample: expected a number from 0 to 1, got '2'
shadow.yaml:6: mirror.breaker: expected settings written as NAME: VALUE, got '5'
shadow.yaml:8: mirror.timeout: given twice, first in line 7; remove one
shadow.yaml:10: endpoints[0].match: '{id' is no segment; write a word, {x}, one {x} within a word, or *
shadow.yaml:11: endpoints[1].match: is missing; write match: GET /items/{id} or * /admin/**
shadow.yaml:12: endpoints[2].mirror: expected true or false, got a list
shadow.yaml:15: forwarding.trust[0]: bits are set behind the prefix; write 10.0.0.0/8
shadow.yaml:16: compare.ignore[1]: ignore: 'nothing' is not understood; …
shadow.yaml:17: log.level: expected one of debug, error, info, warning, got nothing; …
shadow.yaml:18: sample: unknown setting; did you mean mirror.sample?
shadow.yaml:19: workers: expected settings written as NAME: VALUE, got a list
environment SHADOW_TARGET: target: only host and port count, each request brings its own path; …
flag --workers: workers.live: expected a whole number from 0 to 256, got '-1'
""".splitlines()
    found = problems(path, flags={"workers": -1}, SHADOW_TARGET="http://h/x")
    assert len(found) == len(expected)
    for line, beginning in zip(found, expected, strict=True):
        assert line.startswith(beginning.rstrip("…"))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "a: [1",
            "shadow.yaml:1: not YAML: while parsing a flow sequence, expected ',' or ']', but got ",
        ),
        ("a:\n\t- b", "; indent with spaces"),
        ("match: * /admin/**", '; a text that begins with * or & needs quotes, such as match: "* /admin/**"'),
        ("a: b: c", "; a text with `: ` in it needs quotes; else look at the indentation"),
        ("a: 1\n b: 2", "shadow.yaml:2: not YAML: "),
        ("a: @b", "; a text that begins with such a character needs quotes"),
        ("a: 1\n---\nb: 1", "shadow.yaml:2: not YAML: "),
        ("a: \x00", "shadow.yaml:1: not YAML: the character"),
        ("\n\nlegacy: !!python/object/apply:os.system [ls]", "shadow.yaml:3: not YAML: tags such as "),
        ("- legacy", "shadow.yaml:1: expected settings written as NAME: VALUE, got a list"),
        ("legacy", "shadow.yaml:1: expected settings written as NAME: VALUE, got 'legacy'"),
        ("? [a]\n: b", "shadow.yaml:1: expected a name before the colon, got a list"),
        ('"a\\nb": 1', "shadow.yaml:1: a\\nb: unknown setting; known here: legacy, target, "),
        ("endpoints: [~]", "shadow.yaml:1: endpoints[0].match: is missing; write match: "),
        (
            'mirror: {salt: "hunter\\ud800"}',
            "mirror.salt: expected text without line ends and control characters",
        ),
        ("endpoints: [&a [*a]]", "endpoints[0]: expected settings written as NAME: VALUE, got a list"),
    ],
)
def test_what_is_no_settings_file_is_one_line(write: Write, text: str, line: str) -> None:
    """The parser's words, the line, and what most often is behind it."""
    (found,) = problems(write(text))
    assert line in found


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "---\n", "mirror:\n", "endpoints:\n", "~", "\ufefflisten: h:1"]
)
def test_what_is_empty_is_default(write: Write, text: str) -> None:
    """A section whose lines are all comments is no error."""
    assert load(write(text), {}, {}).config.mirror == Mirror()


def test_files_that_cannot_be_read_are_one_line(tmp_path: Path) -> None:
    """Missing, a folder, not text, too large, of no possible name: and nothing else is complained of."""
    (tmp_path / "binary").write_bytes(b"a: b\nc: \xff")
    (tmp_path / "large").write_bytes(b"#" * (1 << 18) + b"\n")
    names = ("none", "", "binary", "large", "a\0b")
    lines = [problems(f"{tmp_path}/{name}", needed=("legacy",)) for name in names]
    assert [len(found) for found in lines] == [1] * 5
    assert [found[0].partition("; ")[0] for found in lines] == [
        "none: cannot be read: No such file or directory",
        f"{tmp_path}/: cannot be read: Is a directory".replace(f"{tmp_path}/", ""),
        "binary:2: not UTF-8",
        "large: larger than 256 KiB",
        "a\\x00b: cannot be read: embedded null byte",
    ]


def test_a_pipe_is_read(tmp_path: Path) -> None:
    """As a shell's <(…), whenever its writer comes."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=("legacy: http://old\n",))
    writer.start()
    assert load(str(pipe), {}, {}).config.legacy == "http://old"
    writer.join()


def test_a_pipe_into_which_nobody_writes_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not waited for without end."""
    monkeypatch.setattr("shadow.config.file._PATIENCE", 0.01)
    os.mkfifo(tmp_path / "pipe")
    (line,) = problems(f"{tmp_path}/pipe", needed=("legacy",))
    assert line.startswith("pipe: cannot be read: nothing was written into it for 0 s; name a file")


def test_a_secret_file_that_cannot_be_read_is_told() -> None:
    """By the variable that names it."""
    (line,) = problems(SHADOW_MIRROR_SALT_FILE="/none")
    assert line.startswith(
        "environment SHADOW_MIRROR_SALT_FILE: mirror.salt: /none: cannot be read: No such file"
    )


def test_one_setting_by_two_variables_is_an_error() -> None:
    """Nobody could say which should win."""
    (line,) = problems(SHADOW_MIRROR_SALT="a", SHADOW_MIRROR_SALT_FILE="b")
    assert line.endswith("given by SHADOW_MIRROR_SALT too; remove one")


def test_a_misspelt_variable_is_told() -> None:
    """It would be ignored in silence; what is nothing like ours is left alone."""
    (line,) = problems(SHADOW_MIRROR_SAMPEL="0", SHADOW_DEMO="1", OTHER_MIRROR_SAMPEL="1")
    assert line == "environment SHADOW_MIRROR_SAMPEL: unknown variable; did you mean SHADOW_MIRROR_SAMPLE?"


def test_bad_yaml_in_a_variable_is_told() -> None:
    """With its name, as there is no line."""
    (line,) = problems(SHADOW_ENDPOINTS="[{match: GET /y}")
    assert line.startswith("environment SHADOW_ENDPOINTS: endpoints: not YAML: ")


def test_what_is_needed_is_asked_for(write: Write) -> None:
    """With all the ways to give it; an empty text is not given."""
    assert problems(write("legacy: ''"), needed=("legacy", "mirror.salt")) == [
        "shadow.yaml: legacy: not given; give --legacy, SHADOW_LEGACY or legacy in the file",
        "shadow.yaml: mirror.salt: not given; give SHADOW_MIRROR_SALT or mirror.salt in the file",
    ]
    assert load(None, {"legacy": "http://h"}, {}, needed=("legacy",)).config.legacy == "http://h"


def test_a_password_in_a_url_is_not_repeated(write: Write) -> None:
    """An error line goes into logs."""
    lines = problems(
        write("legacy: http://me:hunter2@h\nrecord: {keep: s3://me:hunter2@b}"), SHADOW_LISTEN="x://hunter2@h"
    )
    assert len(lines) == 3
    assert "hunter2" not in "".join(lines)


# ---- what is wrong together ------------------------------------------------------------------


def test_the_proxy_must_not_ask_itself_or_compare_legacy_with_legacy(write: Write) -> None:
    """Either would look well and tell nothing."""
    path = write(
        "listen: 0.0.0.0:80\nadmin: 127.0.0.1:80\nlegacy: http://localhost\ntarget: http://127.0.0.1:80/\n"
    )
    assert problems(path) == [
        "shadow.yaml:2: admin: is the same as listen; give it another port",
        "shadow.yaml:3: legacy: is this proxy's own address (listen); name the backend's",
        "shadow.yaml:3: legacy: is this proxy's own address (admin); name the backend's",
        "shadow.yaml:4: target: is this proxy's own address (listen); name the backend's",
        "shadow.yaml:4: target: is this proxy's own address (admin); name the backend's",
        "shadow.yaml:4: target: is the same as legacy; name the new platform's address",
    ]


def test_the_default_address_can_be_the_backends_too() -> None:
    """The listener was not given; the line is about what was."""
    (line,) = problems(flags={"legacy": "http://localhost:8080"})
    assert line == "flag --legacy: legacy: is this proxy's own address (listen); name the backend's"


def test_port_zero_is_never_the_same() -> None:
    """The system will pick two."""
    assert load(None, {"listen": "127.0.0.1:0", "admin": "127.0.0.1:0"}, {})


def test_a_line_of_the_endpoints_that_nothing_gets_to(write: Write) -> None:
    """Whoever wrote it wants it to count: what it keeps from the target would be mirrored."""
    path = write("endpoints:\n- match: GET /items/**\n- match: GET /items/{id}/x\n  mirror: false\n")
    (line,) = problems(path)
    assert line == (
        "shadow.yaml:3: endpoints[1].match: never reached: GET /items/** before it matches all of it; "
        "put this one first, or leave it out"
    )


def test_other_checks_go_on_where_a_value_is_wrong(write: Write) -> None:
    """All at once holds here too."""
    lines = problems(
        write("log: {level: x}\nendpoints: [{match: GET /a}, {match: GET /a}]\nmirror: {body_limit: 1GiB}")
    )
    assert [line.partition(": ")[2].partition(":")[0] for line in lines] == [
        "log.level",
        "endpoints[1].match",
        "mirror.body_limit",
    ]


def test_authorities_must_be_a_pem_file(tmp_path: Path, write: Write) -> None:
    """Told at the start, not by the first handshake."""
    (tmp_path / "ca.pem").write_text("none")
    for name, words in (
        ("ca.pem", "no certificate is in the file"),
        ("none.pem", "No such file or directory"),
    ):
        (line,) = problems(write(f"tls:\n  target:\n    ca: {tmp_path}/{name}\n"))
        assert line.startswith("shadow.yaml:3: tls.target.ca: ")
        assert words in line


@pytest.mark.parametrize(("side", "name"), [("listen", "key"), ("listen", "client_ca"), ("target", "key")])
def test_a_key_without_its_certificate(write: Write, side: str, name: str) -> None:
    """Told by itself, whatever files there are on this machine."""
    path = write(f"tls: {{{side}: {{{name}: /none.pem}}}}")
    for here in (True, False):
        with pytest.raises(ConfigError, match=rf":1: tls.{side}.{name}: has no certificate; "):
            load(path, {}, {}, here=here)


@pytest.mark.parametrize("name", ["legacy", "target", "listen", "host", "version", "salt", "url"])
def test_no_setting_brings_a_line_of_its_own(write: Write, name: str) -> None:
    """Whatever becomes a part of a head: a line end in it would begin another field."""
    value = '"http://a\\r\\nX-Evil: 1"'
    lines = {"host": "mirror: {host: %s}", "version": "mirror: {version: %s}", "salt": "mirror: {salt: %s}",
             "url": "mirror: {control: {url: %s}}"}  # fmt: skip
    (line,) = problems(write(lines.get(name, name + ": %s") % value))
    assert "line ends" in line


# ---- hostile files ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "a: " * 100_000,
        "a: &a [x]\nb: &b [" + "*a," * 900 + "]\nendpoints: [" + "*b," * 900 + "]",
        "endpoints: [&e {match: GET /a, compare: &c {ignore: ["
        + "status," * 2000
        + "]}}, "
        + "*e," * 2000
        + "]",
        "a:\n" * 80_000,
        "endpoints: [&e {" + ", ".join(f"k{i}: 1" for i in range(9000)) + "}, " + "*e," * 9000 + "]",
        "forwarding: {trust: [" + "9" * 200_000 + "]}",
    ],
)
def test_a_hostile_file_costs_little(write: Write, text: str) -> None:
    """Depth, aliases and length are bounded: an error, within seconds."""
    file = write(text)
    assert within(20, lambda: problems(file))


NAMES = ["mirror", "sample", "endpoints", "match", "GET /a", "compare", "1", "on", "é", "\x85", "\x1b"]
SIGNS = ["\n", "\n  ", "---\n", *"[]{}'#|>%@~", ": ", ", ", "- ", "? ", "&a ", "*a", "!!x ", '"', "\t", "<<"]
WORDS = st.sampled_from(NAMES + SIGNS)


def lines_of(path: str | None, environ: dict[str, str]) -> list[str]:
    """The error's lines, or none where the settings load."""
    try:
        loaded = load(path, {}, environ)
        assert show(loaded, origin=True)
        assert config_hash(loaded.config)
    except ConfigError as error:
        return error.problems or ["an error without a line\n"]
    return []


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(WORDS, max_size=30).map("".join))
def test_no_file_makes_a_traceback(write: Write, text: str) -> None:
    """It loads, or ConfigError has printable lines."""
    assert all(line.isprintable() for line in lines_of(write(text), {}))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(VARIABLES)), st.text() | WORDS)
def test_no_variable_makes_a_traceback(name: str, text: str) -> None:
    """It loads, or ConfigError has printable lines."""
    assert all(line.isprintable() for line in lines_of(None, {name: text}))


# ---- showing ---------------------------------------------------------------------------------

CHANGED = Config(
    legacy="https://old",
    target="http://new:8080",
    mirror=Mirror(sample=0.5, timeout=Seconds(0.25), body_limit=Size(1500), host="on"),
    compare=Compare(ignore=("json:$['a b'].c", "status"), tolerance={"json:$.x": Margin("0.01")}),
    endpoints=(
        Endpoint(match="* /admin/**", mirror=False),
        Endpoint(match="GET /検索/{id}", sample=0.1, compare=Compare(unordered=("json:$.items",))),
    ),
    record=Record(to="a: '\"# \\", mask=("cookie",)),
    log=Log(format="json"),
)


@pytest.mark.parametrize("origin", [False, True])
@pytest.mark.parametrize("settings", [Config(), CHANGED])
def test_what_is_shown_loads_again(write: Write, settings: Config, origin: bool) -> None:
    """The effective configuration is a configuration."""
    text = show(config.Loaded(settings, dict.fromkeys(SETTINGS, "default")), origin=origin)
    assert load(write(text), {}, {}).config == settings


def test_origins_are_comments(write: Write) -> None:
    """Each setting's, and each line's of an endpoint."""
    path = write("mirror:\n  sample: 0.5\nendpoints:\n  - match: GET /a\n    mirror: false\n")
    lines = show(load(path, {}, {"SHADOW_LEGACY": "http://h"}), origin=True).splitlines()
    found = {line.partition("#")[0].strip(): line.partition("# ")[2] for line in lines}
    assert found["legacy: http://h"] == "environment SHADOW_LEGACY"
    assert found["sample: 0.5"] == f"{path}:2"
    assert found["- match: GET /a"] == f"{path}:4"
    assert found["mirror: false"] == f"{path}:5"
    assert found["drain: 15s"] == "default"


def test_a_list_given_anew_has_no_old_lines(write: Write) -> None:
    """The file's endpoints are not the variable's."""
    path = write("endpoints:\n  - match: GET /a\n    mirror: false\n")
    loaded = load(path, {}, {"SHADOW_ENDPOINTS": "[{match: GET /b, mirror: true}]"})
    assert loaded.origin["endpoints"] == "environment SHADOW_ENDPOINTS"
    assert path not in show(loaded, origin=True)


def test_secrets_are_masked(write: Write) -> None:
    """What is shown is pasted into tickets."""
    path = write("mirror: {salt: hunter2}\nlog: {access: 's3://me:hunter2@bucket/x'}")
    text = show(load(path, {}, {}))
    assert "hunter2" not in text
    assert 'salt: "********"' in text.replace("'", '"')
    assert "s3://********@bucket/x" in text


@pytest.mark.parametrize(
    "place",
    [
        *("s3://hunter2:hunter2@bucket/x", "s3://bucket/x?sig=hunter2", "s3://bucket/x#hunter2", "s3:///x"),
        *("https://hunter2.example/x", "file://x/y", "file:///", "s3://[hunter2", "://hunter2"),
    ],
)
def test_a_store_is_named_without_credentials(place: str, write: Write) -> None:
    """What could be a secret is refused, and not repeated."""
    (problem,) = problems(write(f"record: {{to: '{place}'}}"))
    assert "record.to: expected a" in problem
    assert "hunter2" not in problem


@pytest.mark.parametrize("setting", ["to", "spool"])
def test_an_empty_folder_is_none(setting: str, write: Write) -> None:
    """It would be the one that the program runs in."""
    (problem,) = problems(write(f"record: {{{setting}: ''}}"))
    assert problem == f"shadow.yaml:1: record.{setting}: is empty; name a folder"


@pytest.mark.parametrize("place", ["s3://bucket", "gs://bucket/a/b", "az://account/x", "file:///data/x"])
def test_with_a_store_segments_are_written_to_the_spool(place: str, write: Write) -> None:
    """A folder is its own spool."""
    record = load(write(f"record: {{to: '{place}', spool: here}}"), {}, {}).config.record
    assert (record.shipped, record.folder) == (True, "here")
    record = load(write("record: {to: there, spool: here}"), {}, {}).config.record
    assert (record.shipped, record.folder) == (False, "there")


def test_equal_settings_have_equal_hashes(write: Write) -> None:
    """However they are written; another value gives another hash."""
    first = load(
        write("mirror: {timeout: 300ms, salt: a}\ncompare: {tolerance: {json:$.a: 1, json:$.b: 2}}"), {}, {}
    )
    again = load(
        write("compare: {tolerance: {json:$.b: 2.0, json:$.a: 1}}\nmirror: {salt: a, timeout: 0.3}"), {}, {}
    )
    assert re.fullmatch("[0-9a-f]{12}", config_hash(first.config))
    assert config_hash(first.config) == config_hash(again.config)
    assert config_hash(first.config) != config_hash(Config())


def test_the_schema_knows_every_setting() -> None:
    """Editors complete by it; its defaults are as a file writes them."""
    found = schema()
    for path in SETTINGS:
        node = found
        for name in path.split("."):
            assert node["additionalProperties"] is False
            node = node["properties"][name]
        assert "default" in node
    assert found["properties"]["timeouts"]["properties"]["drain"]["default"] == "15s"
    assert found["properties"]["endpoints"]["items"]["required"] == ["match"]
    assert msgspec.json.encode(found)


# ---- the files in config/ --------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(FILES.glob("*.yaml")), ids=lambda path: path.name)
def test_every_file_in_config_loads(path: Path) -> None:
    """What is shown to users works."""
    assert load(str(path), {}, {})


def test_the_reference_has_every_setting_with_its_default() -> None:
    """It cannot fall behind the code."""
    path = str(FILES / "reference.yaml")
    loaded = load(path, {}, {})
    assert loaded.config == Config()
    assert [setting for setting in SETTINGS if not loaded.origin[setting].startswith(path)] == []


def test_the_reference_shows_an_endpoint_with_every_setting(write: Write) -> None:
    """In a comment, as there is none by default."""
    text = (FILES / "reference.yaml").read_text(encoding="utf-8")
    example = text.partition("# endpoints:\n")[2].partition("\n\n")[0].replace("\n#", "\n").removeprefix("#")
    loaded = load(write("endpoints:\n" + example), {}, {})
    assert loaded.config.endpoints == (Endpoint(match="GET /items/{id}"),)
    (shown,) = yaml.safe_load("endpoints:\n" + example)["endpoints"]
    assert set(shown) == set(Endpoint.__struct_fields__)
    assert set(shown["compare"]) == set(Compare.__struct_fields__)


def test_every_section_says_what_it_is() -> None:
    """The docstring is what an editor shows."""
    assert all(section.__doc__ for section in Strict.__subclasses__())


def test_sessions_need_one_shadow_worker(write: Write) -> None:
    """What one has seen another does not know."""
    path = write("workers: {shadow: 2}\nmirror:\n  sessions: {cookies: [sid]}\n")
    assert problems(path) == [
        "shadow.yaml:1: workers.shadow: must be 1 with mirror.sessions: one has to know what all were given"
    ]


def test_a_control_is_not_asked_of_the_target(write: Write) -> None:
    """It would call every difference noise."""
    path = write("target: http://a:1\nmirror:\n  control: {url: http://a:1}\n")
    assert problems(path) == [
        "shadow.yaml:3: mirror.control.url: is the target; name a second legacy, or nothing for legacy itself"
    ]
