"""What stands beside a value and says what it is: `{"name": "password", "value": …}`. Pure.

A path does not tell it, and a mask must know it. The names are in small letters.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from msgspec import structs

from shadow.model import Called, Difference

NAMES = frozenset(
    {
        "name",
        "key",
        "label",
        "field",
        "k",
        "header",
        "param",
        "parameter",
        "property",
        "variable",
        "setting",
        "attribute",
        "parameterkey",
        "parametername",
        "optionname",
        "項目",
        "項目名",
        "キー",
    }
)
"""Members and elements that say what the value beside them is. Not `type` and `id`: `{"type": "card", …}`."""

SAYING = NAMES | {"type"}
"""Those, and one that does so as the type of a form's field: `{"type": "password", …}`."""

WHOLE = frozenset(
    {
        "value",
        "values",
        "val",
        "v",
        "parametervalue",
        "currentvalue",
        "oldvalue",
        "old_value",
        "newvalue",
        "new_value",
        "値",
        "設定値",
    }
)
"""Members and elements that are such a value, with all that is in them."""

VALUES = WHOLE | {"content", "text", "data", "default", "defaultvalue"}
"""Those, and such that are one if they are a text or a number: the data of a frying pan are no secret."""

ELEMENTS = VALUES | {"string", "integer", "real", "array", "dict"}
"""Those elements in XML, with the ones of Apple's property lists."""

HEADS = frozenset({"th", "dt"})
CELLS = HEADS | {"td", "dd"}
BOLD = ("b", "strong")
ATTRIBUTES = frozenset({"value", "content"})
ROWS = frozenset({"tr", "dl", "table"})
"""In HTML: what says what the values beside it are, that and the values, how a cell begins in a row of heads
that are not called so, attributes that are values, and what all stand in."""

LINKS = frozenset({"a", "small"})
"""What stands beside a label, and is not its value."""

_SWITCHES = frozenset({"submit", "button", "reset", "image", "checkbox", "radio", "hidden"})

COLONS = (":", "：")
"""How a text in a page ends that says what the next one is."""

LONGEST = 60  # characters of a name
MOST = 100
"""Names that a side gives a difference: each is asked about once for each difference."""


def call(differences: list[Difference], first: int, *sides: Iterable[str]) -> None:
    """Say of the differences from the `first` on what stands beside them on either side."""
    said = frozenset(
        name for names in sides for name in islice((each for each in names if 0 < len(each) <= LONGEST), MOST)
    )
    if said:
        differences[first:] = [_called(each, said) for each in differences[first:]]


def says(key: str, value: str) -> bool:
    """Whether a member, its key in small letters, says what the one beside it is."""
    return key in NAMES or (key == "type" and value.lower() == "password")


def label(cell: str, text: str) -> str:
    """What the text in a cell calls the next one. In one that is no head, blanks are left out: `API token` is
    the name of a secret still, and `Business card`, in a list of prices, is none."""
    words = text.split()
    return text if len(words) < 2 or cell in HEADS or text.endswith(COLONS) else "".join(words).lower()


def introduced(text: str) -> bool:
    """Is a text, by its colon, the value of the name before it: `<b>API key</b>: x`? Of one word, or that in
    the next element: what `<b>Token</b>: a string that …` means is told in several."""
    return text.startswith(COLONS) and len(text[1:].split()) < 2


def writable(name: str, kind: str) -> bool:
    """Is a field, by its name and `type`, one that a text is written in?"""
    return name != "button" and kind.lower() not in _SWITCHES


def columns(colspan: str) -> int:
    """Over how many columns a cell reaches, by its attribute."""
    return min(max(int(colspan), 1), MOST) if colspan.isdecimal() and len(colspan) < MOST else 1


def _called(difference: Difference, names: frozenset[str]) -> Called:
    if isinstance(difference, Called):  # what stands nearer counts more
        joined = names | difference.names
        names = joined if len(joined) <= 2 * MOST else difference.names
    return Called(**structs.asdict(difference) | {"names": names})
