"""What a reader of a Word document sees, and nothing else.

kreuzberg reads hidden and deleted runs, overlooks lists made by a paragraph style, drops the words around a text
box, writes marks for bold and links into table cells, and loses every "&", "<" and ">". This module changes the
document so that none of it can happen; `restored` undoes what it did to the signs.
"""

from collections.abc import Iterator
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_MATH = "http://schemas.openxmlformats.org/officeDocument/2006/math"
_COMPATIBILITY = "http://schemas.openxmlformats.org/markup-compatibility/2006"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
# subtle: kreuzberg knows elements by their usual prefix, which ElementTree would rename
for _prefix, _uri in {"w": _WORD, "m": _MATH, "mc": _COMPATIBILITY, "r": _RELATIONS}.items():
    ElementTree.register_namespace(_prefix, _uri)

# Characters that no document uses, in the place of those that have to be escaped in XML.
_STAND_INS = {"&": "\U0010fff0", "<": "\U0010fff1", ">": "\U0010fff2"}
_STAND_IN = str.maketrans(_STAND_INS)
_RESTORED = str.maketrans({stand_in: sign for sign, stand_in in _STAND_INS.items()})
_OFF = ("0", "false", "off")
_WHITE = "FFFFFF"
_LEAST_HALF_POINTS = 4  # font size; nobody reads text of less than two points


def _w(name: str) -> str:
    return f"{{{_WORD}}}{name}"


_REMOVED = frozenset(map(_w, ("del", "moveFrom", "instrText", "delText", "rPrChange", "drawing", "pict", "object")))


def numbered_styles(styles: Element) -> dict[str, Element]:
    """Style id -> its list (`w:numPr`), own or inherited."""
    own: dict[str, Element] = {}
    based_on: dict[str, str] = {}
    for style in styles.iter(_w("style")):
        name = style.get(_w("styleId"), "")
        number = style.find(f"{_w('pPr')}/{_w('numPr')}")
        parent = style.find(_w("basedOn"))
        if number is not None and number.find(_w("numId")) is not None:
            own[name] = number
        elif parent is not None:
            based_on[name] = parent.get(_w("val"), "")
    return own | {name: number for name in based_on if (number := _inherited(name, own, based_on)) is not None}


def _inherited(name: str, own: dict[str, Element], based_on: dict[str, str]) -> Element | None:
    for _ in based_on:  # a chain of styles is no longer than there are styles, be it a ring
        name = based_on.get(name, "")
        if name in own:
            return own[name]
    return None


def restored(text: str) -> str:
    """`text` with the signs that were stood in for."""
    return text.translate(_RESTORED)


def with_stand_ins(part: Element) -> bytes:
    """The XML of a part of the document, no sign in its text escaped."""
    for element in part.iter():
        if element.text:
            element.text = element.text.translate(_STAND_IN)
    return bytes(ElementTree.tostring(part, encoding="utf-8", xml_declaration=True))


def make_visible(document: Element, numbered: dict[str, Element]) -> bytes:
    """The XML of the body with what is seen on the page, all runs plain."""
    _lift_text_boxes(document)
    dark = _on_dark_ground(document)
    for parent in list(document.iter()):
        for child in list(parent):
            if child.tag in _REMOVED or (child.tag == _w("r") and _is_hidden(child, may_be_white=child in dark)):
                parent.remove(child)
            elif child.tag in (_w("hyperlink"), _w("ins"), _w("moveTo"), _w("smartTag")):
                _unwrap(parent, child)
    for run in document.iter(_w("r")):
        for properties in run.findall(_w("rPr")):
            run.remove(properties)
    _number_paragraphs(document, numbered)
    return with_stand_ins(document)


def _is_hidden(run: Element, *, may_be_white: bool) -> bool:
    """Whether `run` is marked as hidden, or too small or too white to be seen."""
    properties = run.find(_w("rPr"))
    if properties is None:
        return False
    value = {child.tag: child.get(_w("val"), "") for child in properties}
    if value.get(_w("vanish"), "off") not in _OFF:
        return True
    if value.get(_w("color"), "").upper() == _WHITE and not may_be_white:
        return True
    size = value.get(_w("sz"), "")
    return size.isdigit() and int(size) < _LEAST_HALF_POINTS


def _on_dark_ground(document: Element) -> set[Element]:
    """The runs that may be white and seen: in tables, and in shaded or marked paragraphs."""
    grounds = list(document.iter(_w("tbl")))
    grounds += [paragraph for paragraph in document.iter(_w("p")) if next(paragraph.iter(_w("shd")), None) is not None]
    return {run for ground in grounds for run in ground.iter(_w("r"))}


def _unwrap(parent: Element, wrapper: Element) -> None:
    position = list(parent).index(wrapper)
    parent[position : position + 1] = list(wrapper)


def _lift_text_boxes(document: Element) -> None:
    """Put the paragraphs of each text box after the paragraph that holds it."""
    for alternatives in document.iter(f"{{{_COMPATIBILITY}}}AlternateContent"):
        for copy in alternatives.findall(f"{{{_COMPATIBILITY}}}Fallback")[: len(alternatives) - 1]:
            alternatives.remove(copy)  # the same text for programs without text boxes
    parents = {child: parent for parent in document.iter() for child in parent}
    for box in reversed(list(document.iter(_w("txbxContent")))):  # inner boxes, and of neighbours the later, first
        holder = parents[box]
        while holder.tag != _w("p") and holder in parents:
            holder = parents[holder]
        parents[box].remove(box)
        if holder in parents:
            around = parents[holder]
            position = list(around).index(holder) + 1
            around[position:position] = list(box)


def _number_paragraphs(document: Element, numbered: dict[str, Element]) -> None:
    """Make the list of a paragraph's style its own."""
    for properties in _paragraph_properties(document):
        style = properties.find(_w("pStyle"))
        name = style.get(_w("val"), "") if style is not None else ""
        if name in numbered and properties.find(_w("numPr")) is None:
            properties.insert(1, numbered[name])


def _paragraph_properties(document: Element) -> Iterator[Element]:
    for paragraph in document.iter(_w("p")):
        properties = paragraph.find(_w("pPr"))
        if properties is not None:
            yield properties
