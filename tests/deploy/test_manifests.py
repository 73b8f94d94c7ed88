"""`shadow manifests`: one short file becomes what a cluster takes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from support.kubernetes import DEPLOY, assert_safe, assert_valid, build, objects, pods, the

from shadow.cli import main
from shadow.config.load import load
from shadow.manifests.sizing import PER_REQUEST, size

SHORT = """\
# What we compare.
legacy: http://old.internal:8000
target: http://web.shop.svc.cluster.local
kubernetes:
  image: registry.example:5000/team/shadow:0.1.0
"""


@pytest.fixture
def made(tmp_path: Path) -> tuple[Path, Path]:
    """The short file, and the folder of what is made of it."""
    return tmp_path / "shadow.yaml", tmp_path / "made"


def make(made: tuple[Path, Path], text: str) -> Path:
    """What the short file becomes, built."""
    file, folder = made
    file.write_text(text, encoding="utf-8")
    done = CliRunner().invoke(main, ["manifests", str(file), "--output", str(folder)])
    assert done.exit_code == 0, done.output
    assert {Path(line) for line in done.output.splitlines()} == {
        each for each in folder.rglob("*") if each.is_file()
    }
    return build(folder, file.parent)


def container_of(built: Path) -> dict[str, object]:
    (pod,) = pods(built)
    (container,) = pod["containers"]
    return dict(container)


def amounts(resources: Any) -> dict[str, int]:
    """Of `requests` and `limits`, in thousandths of processors and in bytes."""
    units = {"Mi": 1 << 20, "Gi": 1 << 30, "m": 1}
    return {
        f"{bounds} {what}": next(
            (int(text.removesuffix(unit)) * units[unit] for unit in units if text.endswith(unit)),
            int(text) * 1000 if text.isdecimal() else 0,
        )
        for bounds, each in resources.items()
        for what, text in each.items()
    }


def test_it_is_valid_and_safe(made: tuple[Path, Path]) -> None:
    """With everything said that can be said."""
    more = "  name: shop\n  namespace: shop\n  rate: 2000\n  monitoring: false\n  replicas: 5\n"
    built = make(made, SHORT + more + "record: {limit: 3GiB}\n")
    assert_valid(built)
    assert_safe(built)


def test_it_says_what_the_file_says(made: tuple[Path, Path]) -> None:
    """Image, backends, the ports that they listen on; the configuration as it was written."""
    built = make(made, SHORT)
    assert container_of(built)["image"] == "registry.example:5000/team/shadow:0.1.0"
    config = next(each for each in objects(built) if each["metadata"]["name"] == "shadow")
    assert config["data"] == {"shadow.yaml": SHORT}
    outside = [each for each in the(built, "NetworkPolicy")["spec"]["egress"] if "ipBlock" in str(each)]
    assert [port["port"] for port in outside[0]["ports"]] == [80, 443, 8000]


def test_whoever_is_named_may_be_asked(made: tuple[Path, Path]) -> None:
    """By the network policy: backends, another legacy for controls, a collector of spans."""
    more = "mirror: {control: {url: 'http://old2.internal:8001'}}\ntracing: {endpoint: 'http://spans:4318'}\n"
    outside = the(make(made, SHORT + more), "NetworkPolicy")["spec"]["egress"][-1]
    assert [port["port"] for port in outside["ports"]] == [80, 443, 4318, 8000, 8001]


@pytest.mark.parametrize(
    ("more", "protocol"), [("", "http"), ("tls: {listen: {certificate: /tls/a.pem}}\n", "https")]
)
def test_the_service_says_what_its_port_speaks(made: tuple[Path, Path], more: str, protocol: str) -> None:
    """Or a mesh parses TLS for HTTP; probes and metrics are plain in any case."""
    built = make(made, SHORT + more)
    assert_valid(built)
    ports = [port for each in objects(built) if each["kind"] == "Service" for port in each["spec"]["ports"]]
    assert [(port["name"], port["appProtocol"]) for port in ports] == [("http", protocol), ("admin", "http")]


def test_secrets_do_not_become_a_config_map(tmp_path: Path) -> None:
    """Whoever may read one could have them: each is refused, with its line, and not repeated."""
    file = tmp_path / "shadow.yaml"
    hidden = "admin_token: canary-of-sixteen\nreport: {hook: 'https://chat.example/canary'}\n"
    file.write_text(SHORT + hidden + "mirror: {salt: canary}\n", encoding="utf-8")
    done = CliRunner().invoke(main, ["manifests", str(file), "--output", str(tmp_path / "made")])
    assert done.exit_code == 3
    assert [line.partition(": would")[0] for line in done.output.splitlines()] == [
        f"{file}:6: admin_token",
        f"{file}:8: mirror.salt",
        f"{file}:7: report.hook",
    ]
    assert "SHADOW_ADMIN_TOKEN_FILE" in done.output
    assert "canary" not in done.output
    assert not (tmp_path / "made").exists()


def test_an_image_by_its_digest(made: tuple[Path, Path]) -> None:
    """As safe as it gets."""
    digest = "registry.example/shadow@sha256:" + "a" * 64
    built = make(made, SHORT.replace("registry.example:5000/team/shadow:0.1.0", digest))
    assert container_of(built)["image"] == digest


@pytest.mark.parametrize("tag", ["1234e56", "1.2e3", "0o17", "1234567", "2026-11-23"])
def test_a_tag_that_yaml_takes_for_a_number(made: tuple[Path, Path], tag: str) -> None:
    """As one short digest of a commit in fifty does: it stays text."""
    image = f"registry.example/shadow:{tag}"
    built = make(made, SHORT.replace("registry.example:5000/team/shadow:0.1.0", f'"{image}"'))
    assert container_of(built)["image"] == image


@pytest.mark.parametrize("name", ["y", "n"])
def test_a_name_that_yaml_takes_for_true_or_false(made: tuple[Path, Path], name: str) -> None:
    """By the rules of YAML 1.1, which kubectl has for these."""
    built = make(made, SHORT + f'  name: "{name}"\n')
    assert the(built, "Deployment")["metadata"]["name"] == f"{name}-shadow"


def test_made_twice_it_is_the_same(made: tuple[Path, Path], tmp_path: Path) -> None:
    """Byte for byte, so that a repository shows what has changed."""
    make(made, SHORT)
    again = tmp_path / "again"
    again.mkdir()
    make((again / "shadow.yaml", again / "made"), SHORT)
    first, second = (
        {str(each.relative_to(folder)): each.read_bytes() for each in folder.rglob("*") if each.is_file()}
        for folder in (made[1], again / "made")
    )
    assert first == second


def test_two_proxies_in_one_namespace_do_not_meet(made: tuple[Path, Path]) -> None:
    """A name is before those of all objects, and in all selectors."""
    built = make(made, SHORT + "  name: shop\n")
    assert all(each["metadata"]["name"].startswith("shop-") for each in objects(built))
    own = {"app.kubernetes.io/instance": "shop"}.items()
    selectors = [
        the(built, "Deployment")["spec"]["selector"]["matchLabels"],
        the(built, "PodDisruptionBudget")["spec"]["selector"]["matchLabels"],
        the(built, "ServiceMonitor")["spec"]["selector"]["matchLabels"],
        the(built, "NetworkPolicy")["spec"]["podSelector"]["matchLabels"],
        *(each["spec"]["selector"] for each in objects(built) if each["kind"] == "Service"),
    ]
    assert all(own <= selector.items() for selector in selectors)


def test_the_longest_name_is_one_for_services(made: tuple[Path, Path]) -> None:
    """RFC 1035, as the API server asks for; validators of types do not look."""
    built = make(made, SHORT + f"  name: {'a' * 50}\n")
    services = [each["metadata"]["name"] for each in objects(built) if each["kind"] == "Service"]
    assert max(map(len, services)) == 63


def test_without_monitoring_there_is_no_foreign_type(made: tuple[Path, Path]) -> None:
    """A cluster without the operator would refuse the whole."""
    built = make(made, SHORT + "  monitoring: false\n")
    assert not [each for each in objects(built) if "monitoring.coreos.com" in each["apiVersion"]]
    assert not [each for each in objects(built) if each["metadata"]["name"] == "shadow-dashboards"]


def test_what_the_file_says_of_the_pod_counts(made: tuple[Path, Path]) -> None:
    """The base's variables would count before it, so they go; but a folder is one of another machine."""
    said = "workers: {live: 2}\nlog: {format: ltsv}\nrecord: {to: ./shadow-data}\n"
    container = container_of(make(made, SHORT + said))
    names = {each["name"] for each in container["env"]}  # type: ignore[attr-defined]
    assert "SHADOW_RECORD_TO" in names
    assert names.isdisjoint({"SHADOW_WORKERS_LIVE", "SHADOW_LOG_FORMAT"})


def test_records_that_go_to_a_store(made: tuple[Path, Path]) -> None:
    """The pod's own volume is only where they wait."""
    container = container_of(make(made, SHORT + "record: {to: s3://bucket/shadow}\n"))
    names = {each["name"] for each in container["env"]}  # type: ignore[attr-defined]
    assert "SHADOW_RECORD_TO" not in names
    assert {"SHADOW_RECORD_SPOOL", "POD_NAME"} <= names


def test_certificates_are_in_the_pod_not_here(made: tuple[Path, Path]) -> None:
    """A Secret is mounted there, and whoever makes the manifests has none of it."""
    said = "tls: {listen: {certificate: /run/tls/tls.crt}, target: {ca: /run/ca/ca.crt}}\n"
    assert_valid(make(made, SHORT + said))


def test_longer_times_are_waited_for(made: tuple[Path, Path]) -> None:
    """Or Kubernetes would kill a pod that still drains."""
    (pod,) = pods(make(made, SHORT + "timeouts: {lameduck: 20s, drain: 60s}\n"))
    assert pod["terminationGracePeriodSeconds"] == 20 + 60 + 25


@pytest.mark.parametrize(
    ("rate", "replicas", "millicores"), [(100, 3, 250), (2000, 3, 340), (20_000, 5, 1670), (1000, 1, 340)]
)
def test_pods_carry_the_rate_with_one_missing(
    tmp_path: Path, rate: int, replicas: int, millicores: int
) -> None:
    """At six tenths of what they ask for."""
    file = tmp_path / "shadow.yaml"
    file.write_text(f"{SHORT}  rate: {rate}\n  replicas: {replicas}\n", encoding="utf-8")
    config = load(str(file), {}, {}).config
    asked = size(config, 1 << 30)
    assert asked.cpu == millicores
    left = max(1, replicas - 1)
    assert rate / left * PER_REQUEST <= 0.6 * asked.cpu / 1000
    assert asked.memory_limit > asked.memory > config.mirror.memory
    assert asked.records == 2 << 30


@pytest.mark.parametrize(("said", "processes"), [("", 4), ("workers: {live: 2, shadow: 3}\n", 9)])
def test_no_quota_stops_those_who_serve(made: tuple[Path, Path], said: str, processes: int) -> None:
    """It knows no priorities: each process that may be busy has a processor; live and shadow workers, their
    judges, and one for the rest."""
    found = amounts(container_of(make(made, f"{SHORT}  rate: 500\n{said}"))["resources"])
    assert (found["requests cpu"], found["limits cpu"]) == (250, 1000 * processes)


def test_without_a_rate_a_pod_has_what_the_base_says(made: tuple[Path, Path], tmp_path: Path) -> None:
    """And what it records changes its disk, not its processors."""
    (base,) = pods(build(DEPLOY / "base", tmp_path))
    resources = base["containers"][0]["resources"]
    assert amounts(container_of(make(made, SHORT))["resources"]) == amounts(resources)
    made[1].with_name("in-namespace-made").rename(tmp_path / "earlier")
    more = amounts(container_of(make(made, SHORT + "record: {limit: 3GiB}\n"))["resources"])
    assert more.pop("requests ephemeral-storage") == 6 << 30
    assert more.pop("limits ephemeral-storage") == 7 << 30
    assert more.items() <= amounts(resources).items()


@pytest.mark.parametrize("said", ["workers: {live: 8}", "workers: {shadow: 8}", "mirror: {memory: 576MiB}"])
def test_memory_follows_what_the_file_says(made: tuple[Path, Path], said: str) -> None:
    """Or the kernel kills the pod under a load that its settings let in; without a rate, too."""
    found = amounts(container_of(make(made, f"{SHORT}{said}\n"))["resources"])
    workers, each = (2, 64 + 288) if "mirror" in said else (9, 64 + 32)
    assert found["requests memory"] == 192 + workers * each << 20
    assert found["limits memory"] == 2 * found["requests memory"]


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("image: shadow", "kubernetes.image"),
        ("image: registry:5000/shadow", "kubernetes.image"),
        ("name: Shop", "kubernetes.name"),
        ("name: 2shop", "kubernetes.name"),
        ("name: " + "a" * 51, "kubernetes.name"),
        ("namespace: shop_", "kubernetes.namespace"),
        ("replicas: 0", "kubernetes.replicas"),
        ("rates: 5", "kubernetes.rates"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, line: str, place: str) -> None:
    """And nothing is written."""
    file = tmp_path / "shadow.yaml"
    text = SHORT.partition("  image")[0] + f"  {line}\n"
    file.write_text(text, encoding="utf-8")
    done = CliRunner().invoke(main, ["manifests", str(file), "--output", str(tmp_path / "made")])
    assert done.exit_code == 3
    assert done.output.startswith(f"{file}:5: {place}: ")
    assert not (tmp_path / "made").exists()


def test_a_pipe_is_no_file_to_make_it_from(tmp_path: Path) -> None:
    """What it gave is gone when the ConfigMap is written, which would be empty."""
    pipe, end = os.pipe()
    os.write(end, b"legacy: http://old\ntarget: http://new\n")
    os.close(end)
    done = CliRunner().invoke(main, ["manifests", f"/dev/fd/{pipe}", "--output", str(tmp_path / "made")])
    os.close(pipe)
    assert (done.exit_code, (tmp_path / "made").exists()) == (3, False)
    assert done.stderr == f"/dev/fd/{pipe}: is read twice, so it cannot be a pipe; name a file\n"


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """One line, and no traceback."""
    file = tmp_path / "shadow.yaml"
    file.write_text(SHORT, encoding="utf-8")
    done = CliRunner().invoke(main, ["manifests", str(file), "--output", str(file)])
    assert done.exit_code == 3
    assert len(done.output.splitlines()) == 1
