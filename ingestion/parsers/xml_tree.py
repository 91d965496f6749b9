"""XML as a tree whose names have no namespaces, so that all variants of a format are read alike."""

from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from ingestion.errors import DamagedFile
from ingestion.parsers.package import DAMAGED, refuse_doctype

__all__ = ["Element", "is_on", "read_xml", "text_of"]

_RELATIONS = "/relationships"


def read_xml(content: bytes) -> Element:
    """The root of `content`; tags and attributes by their local names, but `r:id` for references to other parts.

    Raises:
        DamagedFile: no XML, or XML with a document type or entities of its own.

    """
    refuse_doctype(content)
    try:
        root = ElementTree.fromstring(content)  # noqa: S314  no DOCTYPE gets here, so no entities
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        raise DamagedFile(DAMAGED) from error
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        if any("}" in name for name in element.attrib):
            element.attrib = _local_names(element.attrib)
    return root


def _local_names(attributes: dict[str, str]) -> dict[str, str]:
    local = {name: value for name, value in attributes.items() if "}" not in name}
    for name, value in attributes.items():
        space, _, short = name.rpartition("}")
        if space:
            local.setdefault(f"r:{short}" if space.endswith(_RELATIONS) else short, value)
    return local


def text_of(element: Element | None) -> str:
    """All the text inside `element`."""
    return "".join(element.itertext()) if element is not None else ""


def is_on(value: str | None) -> bool:
    """Whether an attribute says yes."""
    return (value or "").strip().lower() in ("1", "true", "on", "yes")
