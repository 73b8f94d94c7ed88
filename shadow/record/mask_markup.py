"""HTML and XML with their secrets masked, and otherwise as they were written.

Pure. Tags are found by what ends them, not by a parser: whatever a browser makes of the page, no value of a
secret stays in its text, and what is no secret is not touched, so that the masked page is judged as the
original was.
"""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from shadow.compare import beside, html_data, html_noise
from shadow.record import mask_json
from shadow.record.mask_beside import Cells, Elements, told

if TYPE_CHECKING:
    from shadow.record.mask import Mask

# In possessive steps: each character is looked at once, whatever stands there.
_PIECE = re.compile(
    r"<!--(?s:.*?)(?:-->|\Z)"
    r"|<!\[CDATA\[(?s:.*?)(?:\]\]>|\Z)"
    r"|<(?P<end>/?)(?P<name>[A-Za-z_][^\s/>]*+)(?P<attributes>[^>\"']*+(?:(?:\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z))[^>\"']*+)*+)>?"
    r"|[^<]++|(?:<(?=<))++|<"
)
_COLON = re.compile(rf"^[{''.join(beside.COLONS)}]\s*")
_SCRIPT = re.compile(r"(?i)</(?:script|style)")
_ATTRIBUTE = re.compile(r"([^\s=\"'/>]++)(\s*+=\s*+(?:\"([^\"]*+)\"?|'([^']*+)'?|([^\s\"'>]++)))?")
URLS = frozenset({"action", "cite", "data", "formaction", "href", "longdesc", "poster", "src", "srcset"})
NAMING = ("name", "id", "property", "http-equiv", "autocomplete", "type", "key")
"""Attributes that tell what the value of an element is."""
_OF_CONTENT = ("name", "key")  # in XML: `<entry key="password">`
_NAMES = frozenset(NAMING) - {"key"}  # stand as they are in a page: fields are told apart by them


def hidden(text: str, mask: Mask, xml: bool) -> str:
    """The text with its secrets masked: values of attributes and fields by their names, in XML the content
    of elements by theirs, and the shapes of secrets everywhere."""
    parts: list[str] = []
    known: dict[tuple[str, bool], str] = {}  # rows of a table have the same attributes
    position = 0
    secret = 0  # elements open within a secret one, itself too
    said = Elements(mask) if xml else Cells(mask)
    ahead = told(text, mask) if xml else ()
    while piece := _PIECE.match(text, position):
        start, position = piece.span()
        name = piece["name"]
        if name is None:
            within = said.secret if piece[0].startswith("<!--") else said.text(piece[0])
            parts.append(_text(piece[0], mask, secret > 0 or within))
        elif piece["end"]:
            said.ends(name)
            secret -= secret > 0
            parts.append(_tag(piece[0], mask))
        else:
            attributes = piece["attributes"]
            local = name.rpartition(":")[2]
            within = said.begins(local, attributes) or start in ahead
            within = within or (xml and (secret > 0 or mask.named(local)))
            if (attributes, within) not in known:
                known[attributes, within] = _attributes(attributes, mask, xml, within)
            rest = piece[0][1 + len(name) + len(attributes) :]
            parts += "<", _tag(name, mask), known[attributes, within], rest
            if xml:
                within = within or _is_field(attributes, mask, _OF_CONTENT)
                secret += within and not attributes.endswith("/")
            elif name.lower() in ("script", "style"):
                end = _SCRIPT.search(text, position)
                raw_end = end.start() if end else len(text)
                parts.append(_script(attributes, text[position:raw_end], mask))
                position = raw_end
            elif name.lower() == "textarea":
                secret = int(within or _is_field(attributes, mask))
    return "".join(parts)


def _script(attributes: str, text: str, mask: Mask) -> str:
    """What stands in a script or a style: JSON as a tree, under the name by which it is compared."""
    said: dict[str, str] = {}
    for name, _, double, single, bare in _ATTRIBUTE.findall(attributes):
        said.setdefault(
            name.lower(), html.unescape(double or single or bare)
        )  # the first counts for browsers
    called = html_data.name(said)
    plain = html_data.member(called, text)
    masked = mask_json.hidden(plain, mask, mask.places) if called else None
    if masked is None:
        return mask.whole(text)
    if masked == plain:
        return text
    # The name may have been masked too. A `<` that was escaped could end the script now.
    return masked.partition(":")[2][:-1].replace("<", "\\u003c")


def _tag(piece: str, mask: Mask) -> str:
    """A name or an end tag. Neither holds a value, but in what only begins like a page: `<b&token=x>`."""
    return mask.whole(piece) if "=" in piece else piece


def _text(piece: str, mask: Mask, secret: bool) -> str:
    """Text between tags, a comment or CDATA."""
    if not piece.strip():
        return piece
    if piece.startswith("<!"):
        return _declaration(piece, mask, secret)
    if secret:
        value = html.unescape(piece.strip())
        said = _COLON.sub("", value)
        shown = value.removesuffix(said) + mask.said(said)
        return piece if shown == value else shown
    if "&" in piece:
        plain = html.unescape(piece)
        shown = mask.whole(plain)
        return piece if shown == plain else html.escape(shown, quote=False)
    return mask.whole(piece)


def _declaration(piece: str, mask: Mask, secret: bool) -> str:
    start, end = ("<![CDATA[", "]]>") if piece.startswith("<![CDATA[") else ("<!--", "-->")
    inner = piece.removeprefix(start).removesuffix(end)
    return start + (mask.value(inner.strip()) if secret else mask.whole(inner)) + end


def _is_field(attributes: str, mask: Mask, naming: tuple[str, ...] = NAMING) -> bool:
    """Do the names of an element say that its value is a secret? Each of them counts: what looks like one
    element may be several, where a quote stands that is none."""
    return any(
        name.lower() in naming and mask.named(html.unescape(double or single or bare))
        for name, _, double, single, bare in _ATTRIBUTE.findall(attributes)
    )


def _attributes(attributes: str, mask: Mask, xml: bool, within: bool) -> str:
    """Those of one element. `within` a secret one its value is secret, in XML all of them but names."""
    if "=" not in attributes:
        return attributes
    field = within or _is_field(attributes, mask)

    def shown(attribute: re.Match[str]) -> str:
        name, said, double, single, bare = attribute.groups()
        if not said:
            return attribute[0]
        # By the name as it is written: its words are told apart by their case.
        named = mask.named(name) and (xml or name.lower() not in _NAMES)
        name = name.lower()
        value = double if double is not None else single if single is not None else bare
        plain = html.unescape(value)
        # Names beginning with xml are XML's own.
        inner = xml and within and name.rpartition(":")[2] not in NAMING and not name.startswith("xml")
        if (field and name in beside.ATTRIBUTES) or named or inner:
            masked = mask.value(plain)
        elif name in _NAMES or name in ("class", "integrity"):
            return attribute[0]
        elif name in URLS:
            masked = _link(name, plain, mask)
        else:
            masked = mask.whole(plain)
        if masked == plain:
            return attribute[0]
        group = 3 if double is not None else 4 if single is not None else 5
        start, end = (place - attribute.start() for place in attribute.span(group))
        return attribute[0][:start] + html.escape(masked) + attribute[0][end:]

    return _ATTRIBUTE.sub(shown, attributes)


def _link(name: str, link: str, mask: Mask) -> str:
    """A URL; the hash in the name of an asset is no secret, and tells the comparer that it is one."""
    if "%" not in link and "=" not in link and not mask.odd(link):
        return link
    bare = html_noise.masked("link", name, {name: link})[1]
    return link if bare != link and mask.target(bare) == bare else mask.target(link)
