"""Word documents: headings, paragraphs, lists and tables of the body, and the footnotes."""

from collections.abc import Sequence

from ingestion.parsers.cleaning import one_line
from ingestion.parsers.docx_package import visible_package
from ingestion.parsers.office import Node, docx_nodes
from ingestion.parsers.parsed import Parsed
from ingestion.parsers.writer import LINE, PARAGRAPH, TextWriter

_MARGINS = ("header", "footer")  # they repeat on every page


def parse_docx(content: bytes) -> Parsed:
    """The document as Markdown-like text: `## Title`, `- item`, `cell | cell`. A DOCX has no pages of its own."""
    nodes, title = docx_nodes(visible_package(content))
    writer = TextWriter()
    for node in nodes:
        if node.get("content_layer") not in _MARGINS:
            _write(writer, node, nodes)
    return writer.parsed(title=title)


def _write(writer: TextWriter, node: Node, nodes: Sequence[Node]) -> None:
    block = node["content"]
    kind = block["node_type"]
    if kind in ("heading", "title"):
        writer.heading(block.get("level", 1), block["text"])
    elif kind == "list":
        _write_list(writer, node, nodes)
    elif kind == "table":
        _write_table(writer, node)
    elif kind != "list_item" and block.get("text"):
        writer.block(block["text"])


def _write_list(writer: TextWriter, node: Node, nodes: Sequence[Node]) -> None:
    ordered = node["content"].get("ordered")
    for position, index in enumerate(node.get("children", ())):
        mark = f"{position + 1}." if ordered else "-"
        words = nodes[index]["content"].get("text", "")
        writer.block(f"{mark} {words.strip()}", gap=LINE if position else PARAGRAPH)


def _write_table(writer: TextWriter, node: Node) -> None:
    grid = node["content"]["grid"]
    rows: list[list[str]] = [[] for _ in range(grid["rows"])]
    for cell in grid["cells"]:
        rows[cell["row"]].append(one_line(cell["content"]))
    gap = PARAGRAPH
    for row in rows:
        if any(row):
            writer.block(" | ".join(row), gap=gap)
            gap = LINE
