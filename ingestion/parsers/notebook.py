"""Jupyter notebooks: IPYNB."""

import json
import re
from collections.abc import Iterator
from typing import Any, TypeAlias

from ingestion.errors import DamagedFile
from ingestion.parsers.decoding import decode
from ingestion.parsers.markdown import parse_markdown
from ingestion.parsers.parsed import Parsed
from ingestion.parsers.writer import TextWriter

_Cell: TypeAlias = dict[str, Any]
_FENCE = "```"
_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_MAX_OUTPUT_CHARACTERS = 20_000


def parse_notebook(content: bytes) -> Parsed:
    """Markdown cells as they are written, code cells between fences, and the text of their outputs after "Output:".

    Pictures, HTML and widgets in outputs are left out: notebooks give a plain text with them.
    """
    decoded, warnings = decode(content)
    try:
        notebook = json.loads(decoded)
        cells = list(_cells(notebook))
        language = notebook.get("metadata", {}).get("kernelspec", {}).get("language", "")
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedFile("is no Jupyter notebook; open it in Jupyter and save it again") from error
    writer = TextWriter()
    for cell in cells:
        _write_cell(writer, cell, str(language))
    return writer.parsed(warnings=warnings)


def _cells(notebook: _Cell) -> Iterator[_Cell]:
    sheets = notebook.get("worksheets") or [notebook]  # up to format 3 the cells were in worksheets
    if "cells" not in sheets[0]:
        raise ValueError("no cells")
    for sheet in sheets:
        for cell in sheet["cells"]:
            if not isinstance(cell, dict):
                raise TypeError("a cell that is none")
            yield cell


def _write_cell(writer: TextWriter, cell: _Cell, language: str) -> None:
    source = _joined(cell.get("source", cell.get("input", "")))
    if cell.get("cell_type") == "markdown":
        writer.embed(parse_markdown(source.encode("utf-8", errors="replace")), below=0)
    elif cell.get("cell_type") == "heading":
        writer.heading(int(cell.get("level", 1)), source)
    elif cell.get("cell_type") == "code" and source.strip():
        writer.block(f"{_FENCE}{language}\n{source}\n{_FENCE}")
        for output in cell.get("outputs", ()):
            text = _COLOURS.sub("", _output(output)).strip()
            writer.block(f"Output: {text[:_MAX_OUTPUT_CHARACTERS]}" if text else "")
    else:
        writer.block(source)


def _output(output: _Cell) -> str:
    if output.get("output_type") in ("error", "pyerr"):
        return f"{output.get('ename', '')}: {output.get('evalue', '')}"
    shown = output.get("data", output)
    return _joined(output.get("text") or shown.get("text/plain") or "")


def _joined(lines: object) -> str:
    return "".join(map(str, lines)) if isinstance(lines, list) else str(lines)
