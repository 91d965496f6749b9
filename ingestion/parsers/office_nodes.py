"""The blocks that kreuzberg finds in a document become text."""

from collections.abc import Sequence

from ingestion.parsers.cleaning import one_line
from ingestion.parsers.office import Node
from ingestion.parsers.writer import LINE, PARAGRAPH, TextWriter


def write_node(writer: TextWriter, node: Node, nodes: Sequence[Node]) -> None:
    """Write one block: a heading, list, table or paragraph; `nodes` are all blocks of the document."""
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
