"""Word documents: headings, paragraphs, lists and tables of the body, and the footnotes."""

from dataclasses import replace

from ingestion.parsers.docx_package import visible_package
from ingestion.parsers.docx_visible import restored
from ingestion.parsers.office import docx_nodes
from ingestion.parsers.office_nodes import write_node
from ingestion.parsers.parsed import Parsed
from ingestion.parsers.writer import TextWriter

_MARGINS = ("header", "footer")  # they repeat on every page


def parse_docx(content: bytes) -> Parsed:
    """The document as Markdown-like text: `## Title`, `- item`, `cell | cell`. A DOCX has no pages of its own."""
    nodes, title = docx_nodes(visible_package(content))
    writer = TextWriter()
    for node in nodes:
        if node.get("content_layer") not in _MARGINS:
            write_node(writer, node, nodes)
    parsed = writer.parsed(title=title)
    headings = tuple(replace(heading, title=restored(heading.title)) for heading in parsed.headings)
    return replace(parsed, text=restored(parsed.text), headings=headings)
