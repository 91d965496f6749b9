"""The text of shapes in office drawings: paragraphs of boxes on slides and sheets."""

from collections.abc import Iterator

from ingestion.parsers.xml_tree import Element, is_on

_BREAKS = {"br": "\n", "tab": "\t"}


def paragraph_text(paragraph: Element) -> str:
    """The words of `a:p`, its line breaks kept."""
    return "".join(
        element.text or "" if element.tag == "t" else _BREAKS.get(element.tag, "") for element in paragraph.iter()
    )


def is_hidden(shape: Element) -> bool:
    """Whether a shape is marked as not to be shown."""
    return any(is_on(properties.get("hidden")) for group in shape if group.tag.startswith("nv") for properties in group)


def shape_texts(drawing: Element) -> Iterator[str]:
    """The text of each visible shape of a drawing, in order."""
    for shape in drawing.iter("sp"):
        if not is_hidden(shape):
            text = "\n".join(paragraph_text(paragraph) for paragraph in shape.iter("p"))
            if text.strip():
                yield text
