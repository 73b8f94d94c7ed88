"""What is applied to a cluster: valid for each version supported, safe, and fit for the proxy's own times."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from support.kubernetes import DEPLOY, KUSTOMIZATIONS, assert_safe, assert_valid, build, objects, pods, the

from shadow.config.load import VARIABLES, load
from shadow.serve import proxy
from shadow.serve.cpus import REQUEST
from shadow.settings import Timeouts

PROXIES = [each for each in KUSTOMIZATIONS if each != "overlays/replay"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each kustomization, built."""
    folder = tmp_path_factory.mktemp("built")
    return {each: build(DEPLOY / each, folder) for each in KUSTOMIZATIONS}


def test_types_and_spelling_are_right(built: dict[str, Path]) -> None:
    """In the oldest Kubernetes and in the newest."""
    assert_valid(*built.values())


def test_nothing_is_unsafe(built: dict[str, Path]) -> None:
    """Checkov fails nothing; what it passes over has a reason beside it."""
    assert_safe(*built.values())
    skips = [
        skip
        for file in built.values()
        for each in objects(file)
        for name, skip in each["metadata"].get("annotations", {}).items()
        if name.startswith("checkov.io/")
    ]
    assert skips
    assert all(len(skip.partition("=")[2]) > 20 for skip in skips)


@pytest.mark.parametrize("name", KUSTOMIZATIONS)
def test_a_quota_accepts_every_container(built: dict[str, Path], name: str) -> None:
    """Requests and limits of processor, memory and disk; init containers too; and volumes have a size."""
    assert pods(built[name])
    for pod in pods(built[name]):
        for container in pod["containers"] + pod.get("initContainers", []):
            for bounds in ("requests", "limits"):
                assert container["resources"][bounds].keys() == {"cpu", "memory", "ephemeral-storage"}
        assert all("sizeLimit" in volume["emptyDir"] for volume in pod["volumes"] if "emptyDir" in volume)


def test_what_istio_injects_has_bounds_too(built: dict[str, Path]) -> None:
    """By its annotations: what is here is for the proxy alone, and changes no other pod of the namespace."""
    deployment = the(built["overlays/istio"], "Deployment")
    annotations = deployment["spec"]["template"]["metadata"]["annotations"]
    asked = {f"sidecar.istio.io/proxy{each}" for each in ("CPU", "CPULimit", "Memory", "MemoryLimit")}
    assert asked <= annotations.keys()
    assert "LimitRange" not in {each["kind"] for each in objects(built["overlays/istio"])}


@pytest.mark.parametrize("name", ["overlays/istio", "overlays/istio-tap"])
def test_a_sidecar_does_not_take_the_target_for_legacy(built: dict[str, Path], name: str) -> None:
    """It routes by the Host, which has to be the target's own."""
    (container,) = pods(built[name])[0]["containers"]
    assert {"name": "SHADOW_MIRROR_HOST", "value": "target"} in container["env"]


@pytest.mark.parametrize("name", PROXIES)
def test_no_pod_is_killed_before_it_has_left(built: dict[str, Path], name: str) -> None:
    """Kubernetes waits longer than preStop, lame duck, drain and the shadow path's stages take at most."""
    (pod,) = pods(built[name])
    hook = pod["containers"][0].get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
    times = Timeouts()
    # A stage's grace is a second more than the drain; see the stages of a generation.
    live = times.lameduck + times.drain + 1
    path = proxy._SHADOW_GRACE + proxy._JUDGE_GRACE + proxy._ADMIN_GRACE + proxy._SHIP_GRACE
    assert hook + live + path < pod["terminationGracePeriodSeconds"]


@pytest.mark.parametrize("name", PROXIES)
def test_the_configuration_is_one_that_the_proxy_takes(
    built: dict[str, Path], name: str, tmp_path: Path
) -> None:
    """The ConfigMap with the variables of the pod; probes and services ask the ports that it opens."""
    file = tmp_path / "shadow.yaml"
    config_map = next(each for each in objects(built[name]) if "shadow.yaml" in each.get("data", {}))
    file.write_text(config_map["data"]["shadow.yaml"], encoding="utf-8")
    (pod,) = pods(built[name])
    (container,) = pod["containers"]
    environment = {each["name"]: each["value"] for each in container["env"] if "value" in each}
    config = load(str(file), {}, environment, needed=("legacy", "target")).config
    told = {each["name"] for each in container["env"]}
    assert {each for each in told if each.startswith("SHADOW_")} <= VARIABLES.keys() | {REQUEST}
    ports = {each["name"]: each["containerPort"] for each in container["ports"]}
    assert config.listen.endswith(f":{ports['http']}")
    assert config.admin.endswith(f":{ports['admin']}")
    assert config.workers.live == 0
    mounted = {each["mountPath"] for each in container["volumeMounts"]}
    assert {config.record.to, config.record.spool} <= mounted


def test_records_fit_on_their_volume(built: dict[str, Path]) -> None:
    """The proxy stays below the size at which Kubernetes would evict it, and the pod has asked for it."""
    (pod,) = pods(built["base"])
    (container,) = pod["containers"]
    volume = next(each for each in pod["volumes"] if each["name"] == "records")
    assert volume["emptyDir"]["sizeLimit"] == "2Gi"
    assert container["resources"]["requests"]["ephemeral-storage"] == "2Gi"
    assert {"name": "SHADOW_RECORD_LIMIT", "value": "1GiB"} in container["env"]


@pytest.mark.parametrize("name", PROXIES)
def test_selectors_find_the_pods(built: dict[str, Path], name: str) -> None:
    """Services, budget, network policy and spread; and none of them the other services' labels."""
    deployment = the(built[name], "Deployment")
    labels = deployment["spec"]["template"]["metadata"]["labels"].items()
    budget = the(built[name], "PodDisruptionBudget")["spec"]["selector"]["matchLabels"]
    policy = the(built[name], "NetworkPolicy")["spec"]["podSelector"]["matchLabels"]
    services = [each["spec"]["selector"] for each in objects(built[name]) if each["kind"] == "Service"]
    (pod,) = pods(built[name])
    spread = [each["labelSelector"]["matchLabels"] for each in pod["topologySpreadConstraints"]]
    for selector in (deployment["spec"]["selector"]["matchLabels"], budget, policy, *services, *spread):
        assert selector.items() <= labels
    scraped = the(built[name], "ServiceMonitor")["spec"]["selector"]["matchLabels"]
    found = [
        each["metadata"]["name"]
        for each in objects(built[name])
        if each["kind"] == "Service" and scraped.items() <= each["metadata"]["labels"].items()
    ]
    assert found in (["shadow-admin"], ["shadow-admin-tap"])


def test_three_pods_at_least(built: dict[str, Path]) -> None:
    """The autoscaler holds them, and nothing sets them back; a rollout takes none away before its time."""
    deployment = the(built["base"], "Deployment")["spec"]
    assert the(built["base"], "HorizontalPodAutoscaler")["spec"]["minReplicas"] >= 3
    assert "replicas" not in deployment
    assert deployment["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert the(built["base"], "PodDisruptionBudget")["spec"]["maxUnavailable"] == 1


@pytest.mark.parametrize("name", PROXIES)
def test_pods_are_added_by_the_proxys_own_load(built: dict[str, Path], name: str) -> None:
    """Whatever is injected beside it: of a container that asks for no processor there is no utilisation, and
    with one in the sum there would be none of the pod."""
    (metric,) = the(built[name], "HorizontalPodAutoscaler")["spec"]["metrics"]
    (container,) = pods(built[name])[0]["containers"]
    assert metric["containerResource"]["container"] == container["name"]
    assert "cpu" in container["resources"]["requests"]


@pytest.mark.parametrize("name", PROXIES)
def test_a_configuration_reaches_pods_that_run(built: dict[str, Path], name: str) -> None:
    """Its name does not change, and it is mounted as a folder: a file by subPath would stay what it was."""
    names = {each["metadata"]["name"] for each in objects(built[name]) if each["kind"] == "ConfigMap"}
    assert names <= {"shadow", "shadow-tap", "shadow-dashboards", "shadow-dashboards-tap"}
    (pod,) = pods(built[name])
    volume = next(each for each in pod["volumes"] if each["name"] == "config")
    assert volume["configMap"]["name"] in names
    mount = next(each for each in pod["containers"][0]["volumeMounts"] if each["name"] == "config")
    assert "subPath" not in mount


def test_grafana_finds_the_dashboards(built: dict[str, Path]) -> None:
    """By the label that its sidecar looks for."""
    found = [each for each in objects(built["base"]) if each["metadata"]["name"] == "shadow-dashboards"]
    assert found[0]["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert len(found[0]["data"]) == 3


def test_behind_an_nlb_no_node_is_asked_in_vain(built: dict[str, Path]) -> None:
    """The pod waits until the load balancer has noticed; addresses come by the PROXY protocol."""
    service = next(
        each for each in objects(built["overlays/aws"]) if each.get("spec", {}).get("type") == "LoadBalancer"
    )
    assert service["spec"]["externalTrafficPolicy"] == "Local"
    notes = {name.rpartition("/")[2]: v for name, v in service["metadata"]["annotations"].items()}
    assert notes["aws-load-balancer-proxy-protocol"] == "*"
    notices = int(notes["aws-load-balancer-healthcheck-interval"]) * int(
        notes["aws-load-balancer-healthcheck-unhealthy-threshold"]
    )
    (container,) = pods(built["overlays/aws"])[0]["containers"]
    assert container["lifecycle"]["preStop"]["sleep"]["seconds"] > notices
    assert {"name": "SHADOW_FORWARDING_PROXY_PROTOCOL", "value": "true"} in container["env"]


def test_a_tap_takes_the_copies_that_the_mesh_sends(built: dict[str, Path]) -> None:
    """They go to its service; and it is one that answers at once, and asks both. What it asks legacy is not
    copied once more."""
    file = built["overlays/istio-tap"]
    own, route = the(file, "VirtualService")["spec"]["http"]
    assert own["match"] == [{"headers": {"x-shadow-via": {}}}]
    assert "mirror" not in own
    services = [each["metadata"]["name"] for each in objects(file) if each["kind"] == "Service"]
    assert route["mirror"]["host"] in services
    assert {"name": "SHADOW_TAP", "value": "true"} in pods(file)[0]["containers"][0]["env"]


def test_there_is_a_variant_without_a_sidecar(built: dict[str, Path]) -> None:
    """Where latency counts."""
    labels = the(built["overlays/istio-no-sidecar"], "Deployment")["spec"]["template"]["metadata"]["labels"]
    assert labels["sidecar.istio.io/inject"] == "false"


def test_datadogs_annotation_is_json_for_the_container_there_is(built: dict[str, Path]) -> None:
    """Else its agent says nothing, and scrapes nothing."""
    template = the(built["base"], "Deployment")["spec"]["template"]
    (container,) = template["spec"]["containers"]
    checks = yaml.safe_load(
        template["metadata"]["annotations"][f"ad.datadoghq.com/{container['name']}.checks"]
    )
    assert checks["openmetrics"]["instances"][0]["openmetrics_endpoint"].endswith(":9900/metrics")
