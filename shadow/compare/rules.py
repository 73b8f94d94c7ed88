"""What the configuration says about comparing, compiled once for each endpoint."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from shadow import settings
from shadow.compare import html, jsonpath, rule_lines, xmltree
from shadow.compare.accept import Accepted, parse_line
from shadow.compare.jsonpath import ByKey, Does
from shadow.compare.rule_lines import Line
from shadow.compare.silence import EQUIVALENCES, Cut, Equivalent, Hosts, Step
from shadow.compare.values import Margin, margin


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """How the answers of one endpoint are compared."""

    ignored: Mapping[str, str]
    """Places that are not compared, `status` or `header:x-build`, and the line."""
    margins: Mapping[str, list[tuple[Margin, str]]]
    """Header fields whose values may be apart, how far, and the line."""
    same_host: Mapping[str, str]
    """Header fields whose URLs may lead to different hosts, and the line."""
    root: jsonpath.Reached
    """What is said of places in JSON, seen from the root."""
    html: html.Places
    """Elements and attributes of pages that are not compared."""
    xml: xmltree.Places
    """Elements and attributes of XML that are not compared."""
    forms: frozenset[str]
    """Fields of forms that are not compared."""
    columns: frozenset[str]
    """Columns of tables that are not compared."""
    steps: tuple[Step, ...]
    """What unequal texts anywhere are rid of before they count as unequal."""
    accepted: tuple[Accepted, ...]
    """Differences that count as none until a day has passed."""
    lines: tuple[str, ...]
    """Every line, in the words in which its hits are counted."""


def compile_rule(general: settings.Compare, own: settings.Compare) -> Rule:
    """The rule of an endpoint: the general lines and its own. Raises SettingError, which says what is
    wrong, and what would be right."""
    outer, inner = rule_lines.read(general), rule_lines.read(own)
    # An endpoint's margin counts instead of a general one for the same place.
    margins = {line.place for line in inner if line.setting == "tolerance"}
    outer = [line for line in outer if line.setting != "tolerance" or line.place not in margins]
    rule_lines.check_sum(outer, inner)
    every = [*outer, *inner]
    hosts = [line.place for line in every if line.setting == "hosts"]
    steps: list[Step] = [Cut(line.place) for line in every if line.setting == "cut"]
    steps += [Hosts(hosts)] if hosts else []
    equivalent = [line for line in every if line.setting == "equivalent"]
    steps += [Equivalent(str(line), EQUIVALENCES[line.place]) for line in equivalent]
    shown = [str(line) for line in every if line.setting != "hosts"]
    shown += [step.line for step in steps if isinstance(step, Hosts)]
    ignored = [line for line in every if line.setting == "ignore"]
    return Rule(
        ignored={line.place: str(line) for line in ignored},
        margins=_margins(every),
        same_host={
            line.name: str(line) for line in every if line.setting == "same_host" and line.kind == "header"
        },
        root=jsonpath.Reached(
            tuple(_place(line) for line in every if line.kind == "json" and line.setting != "accept")
        ),
        html=html.compile_places(line.name for line in ignored if line.kind == "html"),
        xml=xmltree.compile_places(line.name for line in ignored if line.kind == "xml"),
        forms=frozenset(line.name for line in ignored if line.kind == "form"),
        columns=frozenset(line.name for line in ignored if line.kind == "csv"),
        steps=tuple(steps),
        accepted=tuple(
            Accepted(str(parse_line(one.difference)), one.owner, one.until)
            for one in general.accept + own.accept
        ),
        lines=tuple(shown),
    )


def compile_rules(config: settings.Config) -> dict[int | None, Rule]:
    """The rule of each endpoint in `settings.endpoints`, by its index; None has that of all others. Raises
    SettingError as `compile_rule` does."""
    general = config.compare
    rules: dict[int | None, Rule] = {None: compile_rule(general, settings.Compare())}
    return rules | {i: compile_rule(general, line.compare) for i, line in enumerate(config.endpoints)}


def _margins(every: list[Line]) -> dict[str, list[tuple[Margin, str]]]:
    found: dict[str, list[tuple[Margin, str]]] = defaultdict(list)
    for line in every:
        if line.setting == "tolerance" and line.kind == "header":
            found[line.name].append((margin(line.says), str(line)))
    return dict(found)


def _place(line: Line) -> jsonpath.Place:
    does: Does
    match line.setting:
        case "tolerance":
            does = margin(line.says)
        case "unordered":
            does = ByKey(line.says.removeprefix("key=")) if line.says else "unordered"
        case "type_only":
            does = "type_only"
        case "same_host":
            does = "same_host"
        case _:
            does = "ignore"
    return jsonpath.compile_pattern(line.name, str(line), does)
