"""Writes the dashboards beside it as Grafana reads them: `python dashboards.py`.

A panel is a line here; a test compares what is committed with what this makes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parent / "dashboards"
WIDTH = 24  # of Grafana's grid
HEIGHT = 8
IN_NAMESPACE = '{job="shadow",namespace=~"$namespace"}'
HERE = '{job="shadow",namespace=~"$namespace",service=~"$service"}'
"""The metrics that a panel is about: of one proxy, where a namespace has several."""

Json = dict[str, Any]


class Panel(NamedTuple):
    """One panel: `queries` are legends and expressions; in them `@` stands for `HERE`."""

    title: str
    queries: dict[str, str]
    unit: str = "reqps"
    kind: str = "timeseries"
    width: int = 8
    help: str = ""


def _rate(counter: str, by: str = "") -> str:
    return f"sum{f' by ({by}) ' if by else ''}(rate({counter}[$__rate_interval]))"


def _quantile(q: str, histogram: str, by: str = "le") -> str:
    return f"histogram_quantile({q}, {_rate(f'{histogram}_bucket@', by)})"


_OWN_ERRORS = _rate('shadow_own_answers_total@{status=~"5..|broken"}')
_ANSWERS = f"({_rate('shadow_legacy_answers_total@')} + {_rate('shadow_own_answers_total@')})"

_MATCHED = _rate('shadow_fates_total@{fate="matched"}')
_COMPARED = _rate('shadow_fates_total@{fate=~"matched|differed|failed"}')

OVERVIEW = [
    Panel("Requests", {"received": _rate("shadow_requests_total@")}, kind="stat", width=4),
    Panel(
        "Errors of the proxy's own",
        {"share": f"{_OWN_ERRORS} / {_ANSWERS}"},
        "percentunit",
        "stat",
        4,
        "502, 504, and answers that legacy broke off",
    ),
    Panel(
        "Slowest answers",
        {"99 %": _quantile("0.99", "shadow_client_answer_seconds")},
        "s",
        "stat",
        4,
        "Time of a client's answer, from the request's head to the last byte",
    ),
    Panel(
        "Compared",
        {"share": f"{_COMPARED} / {_rate('shadow_fates_total@')}"},
        "percentunit",
        "stat",
        4,
    ),
    Panel(
        "Equal",
        {"share": f"{_MATCHED} / {_COMPARED}"},
        "percentunit",
        "stat",
        4,
        "Of the requests compared",
    ),
    Panel("Pods", {"up": "sum(up@)"}, "none", "stat", 4),
    Panel("Answers to clients: legacy's", {"{{class}}": _rate("shadow_legacy_answers_total@", "class")}),
    Panel(
        "Answers to clients: the proxy's own", {"{{status}}": _rate("shadow_own_answers_total@", "status")}
    ),
    Panel(
        "Time of a client's answer",
        {
            f"{side} {q[2:]} %": _quantile(q, f"shadow_{side}_answer_seconds")
            for side in ("client", "legacy")
            for q in ("0.50", "0.99")
        },
        "s",
        help="To its last byte, since the client asked, and since legacy was asked",
    ),
    Panel("Fates", {"{{fate}}": _rate("shadow_fates_total@", "fate")}),
    Panel(
        "Answers compared, by status",
        {"{{backend}} {{class}}": _rate("shadow_answers_total@", "backend, class")},
    ),
    Panel(
        "Time of the answers compared",
        {
            f"{{{{backend}}}} {q[2:]} %": _quantile(q, "shadow_answer_seconds", "le, backend")
            for q in ("0.50", "0.99")
        },
        "s",
    ),
]


def _top(expression: str) -> str:
    return f"topk(10, {expression})"


_DIFFERENT = 'shadow_fates_total@{endpoint=~"$endpoint",fate=~"differed|failed"}'
_MEAN = " / ".join(
    _rate(f'shadow_endpoint_answer_seconds_{part}@{{endpoint=~"$endpoint"}}', "endpoint, backend")
    for part in ("sum", "count")
)

ENDPOINTS = [
    Panel(
        "Top requests",
        {"{{endpoint}}": _top(_rate('shadow_requests_total@{endpoint=~"$endpoint"}', "endpoint"))},
        width=12,
    ),
    Panel("Top differences", {"{{endpoint}}": _top(_rate(_DIFFERENT, "endpoint"))}, width=12),
    *(
        Panel(
            f"Top errors of {backend}",
            {
                "{{endpoint}}": _top(
                    _rate(
                        f'shadow_endpoint_errors_total@{{endpoint=~"$endpoint",backend="{backend}"}}',
                        "endpoint",
                    )
                )
            },
            width=12,
            help="5xx, or no answer at all",
        )
        for backend in ("legacy", "target")
    ),
    Panel(
        "Share that differs",
        {
            "{{endpoint}}": f"{_rate(_DIFFERENT, 'endpoint')} / "
            + _rate(_DIFFERENT.replace("differed|failed", "matched|differed|failed"), "endpoint")
        },
        "percentunit",
        width=12,
        help="Of the requests compared",
    ),
    Panel("Mean time of both backends", {"{{backend}} {{endpoint}}": _MEAN}, "s", width=12),
]

MIRROR = [
    Panel("Fates", {"{{fate}}": _rate("shadow_fates_total@", "fate")}),
    Panel(
        "Skipped by rule and dropped by load",
        {"{{fate}}: {{reason}}": _rate("shadow_not_mirrored_total@", "fate, reason")},
    ),
    Panel("Fate not known yet", {"requests": "sum(shadow_requests_in_flight@)"}, "none"),
    Panel(
        "Shadow requests under way and waiting",
        {
            "under way": "sum(shadow_shadow_in_flight@)",
            "waiting": "sum(shadow_shadow_waiting@)",
            "with the judge": "sum(shadow_judge_jobs@)",
        },
        "none",
    ),
    Panel(
        "Memory of exchanges",
        {
            "{{pod}} captured": "sum by (pod) (shadow_captured_bytes@)",
            "{{pod}} waiting": "sum by (pod) (shadow_shadow_held_bytes@)",
        },
        "bytes",
        help="Each worker's most is mirror.memory",
    ),
    Panel(
        "Breaker open",
        {"{{pod}}": "max by (pod) (shadow_breaker_open@)"},
        "bool_yes_no",
        help="The target does not answer, and is asked only now and then",
    ),
    Panel(
        "Controls",
        {
            "controls": _rate("shadow_controls_total@"),
            "controls without an answer": _rate("shadow_controls_failed_total@"),
        },
    ),
    Panel(
        "Rechecks that wait",
        {"{{pod}}": "sum by (pod) (shadow_rechecks_pending@)"},
        "none",
        help="Differences that both sides will be asked again for",
    ),
    Panel(
        "Evidence not kept",
        {
            "could not be written": _rate("shadow_evidence_lost_total@"),
            "enough of its kind": _rate("shadow_evidence_enough_total@"),
            "the hour is full": _rate("shadow_evidence_full_total@"),
            "not analysed": _rate("shadow_unanalysed_total@"),
        },
    ),
    Panel(
        "Records on their way to the store",
        {"{{pod}}": "sum by (pod) (shadow_spool_bytes@)"},
        "bytes",
        help="Where record.to is an object store: what is on the pods' own volumes",
    ),
    Panel(
        "Segments",
        {
            "shipped": _rate("shadow_segments_shipped_total@"),
            "failures of the store": _rate("shadow_ship_failures_total@"),
            "evidence deleted": _rate("shadow_evidence_deleted_total@"),
        },
        "cps",
        help="Evidence is deleted over record.limit, the oldest first",
    ),
    Panel(
        "Deaths of workers",
        {
            kind: f"sum(increase(shadow_{kind}_deaths_total@[1h]))"
            for kind in ("live", "shadow", "judge", "admin", "shipper")
        },
        "none",
        help="In the last hour",
    ),
    Panel(
        "Configurations in force",
        {"{{hash}}": "count by (hash) (shadow_config_info@)"},
        "none",
        help="More than one: the pods are not in step",
    ),
    Panel(
        "Last reload refused",
        {"{{pod}}": "1 - min by (pod) (shadow_config_last_reload_successful@)"},
        "bool_yes_no",
    ),
    Panel(
        "Connections of clients",
        {
            "{{pod}}": "sum by (pod) (shadow_client_connections@)",
            "{{pod}} tunnels": "sum by (pod) (shadow_tunnels@)",
            "{{pod}} turned away, in the last hour": "sum by (pod) (increase(shadow_turned_away_total@[1h]))",
        },
        "none",
    ),
    Panel(
        "Turned off",
        {
            "{{pod}} mirror": "max by (pod) (shadow_mirror_off@)",
            "{{pod}} target": "max by (pod) (shadow_turned_back@)",
        },
        "bool_yes_no",
        help="The mirror by /mirror/off; the target, where it answers clients, by its guard or /serve/legacy",
    ),
]


def _expression(text: str) -> str:
    """With `@` and `@{…}` written out."""
    return text.replace("@{", HERE[:-1] + ",").replace("@", HERE)


def _variable(name: str, query: str) -> Json:
    return {
        "name": name,
        "type": "query",
        "datasource": {"type": "prometheus", "uid": "${datasource}"},
        "query": {"query": query, "refId": name},
        "refresh": 2,
        "includeAll": True,
        "multi": True,
        "allValue": ".*",
        "current": {"text": "All", "value": "$__all"},
    }


def _panels(panels: list[Panel]) -> list[Json]:
    made: list[Json] = []
    x = y = 0
    for number, panel in enumerate(panels, start=1):
        height = HEIGHT if panel.kind == "timeseries" else HEIGHT // 2
        if x + panel.width > WIDTH:
            x, y = 0, y + made[-1]["gridPos"]["h"]
        made.append(
            {
                "id": number,
                "title": panel.title,
                "description": panel.help,
                "type": panel.kind,
                "datasource": {"type": "prometheus", "uid": "${datasource}"},
                "gridPos": {"x": x, "y": y, "w": panel.width, "h": height},
                "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
                "targets": [
                    {"refId": chr(ord("A") + i), "legendFormat": legend, "expr": _expression(query)}
                    for i, (legend, query) in enumerate(panel.queries.items())
                ],
            }
        )
        x += panel.width
    return made


def dashboard(name: str, title: str, panels: list[Panel], *variables: Json) -> Json:
    """What Grafana imports. The data source is chosen in it."""
    return {
        "uid": f"shadow-{name}",
        "title": f"Shadow: {title}",
        "tags": ["shadow"],
        "schemaVersion": 39,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "links": [{"type": "dashboards", "tags": ["shadow"], "title": "Shadow", "asDropdown": False}],
        "templating": {
            "list": [
                {"name": "datasource", "type": "datasource", "query": "prometheus"},
                _variable("namespace", 'label_values(shadow_config_info{job="shadow"}, namespace)'),
                _variable("service", f"label_values(shadow_config_info{IN_NAMESPACE}, service)"),
                *variables,
            ]
        },
        "panels": _panels(panels),
    }


def dashboards() -> dict[str, Json]:
    """File → dashboard."""
    endpoint = _variable("endpoint", f"label_values(shadow_requests_total{HERE}, endpoint)")
    return {
        "shadow-overview.json": dashboard("overview", "overview", OVERVIEW),
        "shadow-endpoints.json": dashboard("endpoints", "by endpoint", ENDPOINTS, endpoint),
        "shadow-mirror.json": dashboard("mirror", "the mirror's own health", MIRROR),
    }


def written(made: Json) -> str:
    """As a file holds it."""
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for file, made in dashboards().items():
        (FOLDER / file).write_text(written(made), encoding="utf-8")
