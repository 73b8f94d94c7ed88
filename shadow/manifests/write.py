"""The kustomization of one proxy: the base as it is, and what its configuration changes of it."""

from __future__ import annotations

from functools import reduce
from math import ceil
from pathlib import Path
from typing import Any, Final

import yaml

from shadow.address import backend
from shadow.config.load import SECRETS, VARIABLES, ConfigError, Loaded
from shadow.manifests.sizing import Pod, size
from shadow.settings import Config

_DEPLOY: Final = Path(__file__).parent / "deploy"
_PARTS: Final = ("base", "components/observability")

_RECORD_LIMIT: Final = 1 << 30
"""Bytes; what the base's variable says. A pod's disk is smaller than the one of the default."""

_LOGS: Final = 1 << 30
"""Bytes on the node's disk beside the records: the log, and /tmp."""

_AFTER: Final = 25
"""Seconds after the drain until the pod is killed: the shadow path and its records need fifteen at most."""

_SAID: Final = {
    "workers.live": "SHADOW_WORKERS_LIVE",
    "record.to": "SHADOW_RECORD_TO",
    "record.limit": "SHADOW_RECORD_LIMIT",
    "log.format": "SHADOW_LOG_FORMAT",
}
"""Settings for which the base has a variable, which goes where the file says it itself."""

_MONITORING: Final = (
    ("monitoring.coreos.com/v1", "ServiceMonitor", "shadow"),
    ("monitoring.coreos.com/v1", "PrometheusRule", "shadow"),
    ("v1", "ConfigMap", "shadow-dashboards"),
)

_OUTSIDE: Final = "/spec/egress/2/ports"
"""Of the base's network policy."""

_MADE: Final = (
    "# Made by `shadow manifests`: changes belong into the file it reads, or into an overlay over it.\n"
)

Json = dict[str, Any]


class _Dumper(yaml.SafeDumper):
    """Quotes what kubectl's reader takes for something else than text, and PyYAML's does not."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "'" if text[:1].isdigit() or text in ("y", "n") else None  # the tag 1234e56, the namespace n
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def write(loaded: Loaded, text: str, folder: Path) -> list[Path]:
    """Write it into `folder`, over what an earlier call left there; the files. `text` is the configuration
    that was `loaded`, and becomes the ConfigMap as it is: one that holds a secret is a ConfigError. Raises
    OSError."""
    secrets = [_out_of_it(loaded, setting) for setting in sorted(SECRETS) if _value(loaded.config, setting)]
    if secrets:
        raise ConfigError(secrets)
    base = [file for part in _PARTS for file in sorted((_DEPLOY / part).rglob("*")) if _is_part(file)]
    files = {str(file.relative_to(_DEPLOY)): file.read_text(encoding="utf-8") for file in base}
    for name, objects in overlay(loaded).items():
        files[name] = _MADE + yaml.dump_all(objects, Dumper=_Dumper, sort_keys=False)
    files["shadow.yaml"] = text
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    return [folder / name for name in files]


def _out_of_it(loaded: Loaded, setting: str) -> str:
    variable = next(name for name, path in VARIABLES.items() if path == setting)
    return (
        f"{loaded.origin[setting]}: {setting}: would lie open in a ConfigMap; leave it out, and let "
        f"{variable}_FILE name the file of a Secret, in an overlay"
    )


def _value(config: Config, setting: str) -> Any:
    return reduce(getattr, setting.split("."), config)


def _is_part(file: Path) -> bool:
    return file.suffix in (".yaml", ".json")


def overlay(loaded: Loaded) -> dict[str, list[Any]]:
    """What stands over the base: file → objects."""
    wanted = loaded.config.kubernetes
    patches: dict[str, list[Any]] = {
        "deployment.yaml": [_deployment(loaded)],
        "autoscaler.yaml": [_autoscaler(wanted.replicas)],
    }
    if not wanted.monitoring:
        patches["monitoring.yaml"] = [
            {"apiVersion": version, "kind": kind, "metadata": {"name": name}, "$patch": "delete"}
            for version, kind, name in _MONITORING
        ]
    made: Json = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
    if wanted.namespace:
        made["namespace"] = wanted.namespace
    if wanted.name:
        made["namePrefix"] = f"{wanted.name}-"
        made["labels"] = [_instance(wanted.name)]
    made["resources"] = ["base"]
    made["images"] = [{"name": "shadow", **_image(wanted.image)}]
    made["configMapGenerator"] = [{"name": "shadow", "behavior": "merge", "files": ["shadow.yaml"]}]
    if loaded.config.tls.listen.certificate is not None:
        patches["service.yaml"] = [_service_of_tls()]
    made["patches"] = [{"path": name} for name in patches]
    made["patches"].append({"path": "network-policy.yaml", "target": {"kind": "NetworkPolicy"}})
    patches["network-policy.yaml"] = [_egress(loaded.config)]
    return {"kustomization.yaml": [made], **patches}


def _instance(name: str) -> Json:
    """In selectors too, or each proxy of a namespace would take the others' pods for its own."""
    scraped = {
        "group": "monitoring.coreos.com",
        "kind": "ServiceMonitor",
        "path": "spec/selector/matchLabels",
    }
    return {
        "pairs": {"app.kubernetes.io/instance": name},
        "includeSelectors": True,
        "fields": [{**scraped, "create": False}],
    }


def _egress(config: Config) -> list[Json]:
    """Ports outside the cluster: those of the backends and of a collector of spans, and the web's for the
    rest, such as a bucket or a chat."""
    urls = (config.legacy, config.target, config.mirror.control.url, config.tracing.endpoint)
    ports = sorted({443, *(backend(url).port for url in urls if url)})
    return [{"op": "replace", "path": _OUTSIDE, "value": [{"port": port} for port in ports]}]


def _image(image: str) -> Json:
    name, at, digest = image.partition("@")
    if at:
        return {"newName": name, "digest": digest}
    name, _, tag = image.rpartition(":")
    return {"newName": name, "newTag": tag}


def _service_of_tls() -> Json:
    """What a mesh or a load balancer would else take for plain HTTP."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "shadow"},
        "spec": {"ports": [{"port": 80, "appProtocol": "https"}]},
    }


def _autoscaler(replicas: int) -> Json:
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "shadow"},
        "spec": {"minReplicas": replicas, "maxReplicas": 4 * replicas},
    }


def _deployment(loaded: Loaded) -> Json:
    """What the pod asks for, and no variable for what the file says."""
    config = loaded.config
    container: Json = {"name": "proxy"}
    pod: Json = {
        "terminationGracePeriodSeconds": round(config.timeouts.lameduck + config.timeouts.drain) + _AFTER,
        "containers": [container],
    }
    gone = [{"name": name, "$patch": "delete"} for setting, name in _SAID.items() if _says(loaded, setting)]
    if gone:
        container["env"] = gone
    asked = size(config, config.record.limit if _says(loaded, "record.limit") else _RECORD_LIMIT)
    container["resources"] = _resources(asked)
    pod["volumes"] = [{"name": "records", "emptyDir": {"sizeLimit": _mebibytes(asked.records)}}]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "shadow"},
        "spec": {"template": {"spec": pod}},
    }


def _says(loaded: Loaded, setting: str) -> bool:
    """Whether the file says it. A folder named there is one of another machine, so only a URL counts."""
    if setting == "record.to":
        return "://" in loaded.config.record.to
    return loaded.origin[setting] != "default"


def _resources(asked: Pod) -> Json:
    return {
        "requests": {
            "cpu": f"{asked.cpu}m",
            "memory": _mebibytes(asked.memory),
            "ephemeral-storage": _mebibytes(asked.records),
        },
        "limits": {
            "cpu": f"{asked.cpu_limit}m",
            "memory": _mebibytes(asked.memory_limit),
            "ephemeral-storage": _mebibytes(asked.records + _LOGS),
        },
    }


def _mebibytes(size: int) -> str:
    return f"{ceil(size / (1 << 20))}Mi"
