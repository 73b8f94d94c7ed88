"""JSON that a page carries in a script which no browser runs, such as `__NEXT_DATA__`. Pure.

It is a member of a document, by what selects its script: `json:$["script#__NEXT_DATA__"].props`.
Whatever rules and masks say of JSON, they can say of it then.
"""

from __future__ import annotations

import json
import re

from msgspec import Raw

from shadow.compare import json as json_trees
from shadow.compare import jsontext
from shadow.compare.found import Found, Silences, encodable
from shadow.compare.html_noise import Attributes
from shadow.compare.jsonpath import Reached
from shadow.compare.jsontext import Document
from shadow.compare.media import Form, media_type

_OTHERS = ("importmap", "speculationrules")  # scripts that are JSON, beside those whose media type says so
_TYPE = re.compile(r"[\w.+-]{1,40}(?:/[\w.+-]{1,40})?", re.ASCII)
_STABLE = re.compile(r"[A-Za-z_-]{1,60}")  # an id with a digit was most often generated


def name(attributes: Attributes) -> str:
    """What the JSON in a script is called, by the script's id or its type; empty if it holds none."""
    said = attributes.get("type", "").strip().lower()
    kind = media_type(said.encode("latin-1", "replace"))
    if not _TYPE.fullmatch(kind.name) or (kind.form is not Form.JSON and said not in _OTHERS):
        return ""
    own = attributes.get("id", "")
    return f"script#{own}" if _STABLE.fullmatch(own) else f"script[type={kind.name}]"


def is_name(key: str) -> bool:
    """Whether a member of a document is JSON in a script."""
    return key.startswith(("script#", "script["))


def member(called: str, text: str) -> str:
    """The document of which JSON is the one member."""
    return f"{{{json.dumps(called)}:{text}}}"


def compare(called: str, legacy: str, target: str, root: Reached, silence: Silences) -> Found | None:
    """Differences of two scripts of one name; None where one is no strict JSON."""
    ours, theirs = _read(called, legacy), _read(called, target)
    if ours is None or theirs is None:
        return None
    found = json_trees.compare(ours, theirs, root, silence)
    return found if isinstance(found, Found) else None


def _read(called: str, text: str) -> Document | None:
    # By itself first: `1}, {"a": 1` would be a document only with what stands around it.
    alone = jsontext.read(encodable(text).encode())
    if not isinstance(alone, Document) or alone.objection:
        return None
    return Document(Raw(member(called, bytes(alone.root).decode()).encode()), "")
