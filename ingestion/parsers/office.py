"""Home of kreuzberg: the structure of DOCX and RTF, the Markdown of an HTML page, the text of old Office files."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from kreuzberg import ExtractionConfig, ExtractionResult, KreuzbergError, extract_bytes_sync

from ingestion.errors import DamagedFile

DOCX_MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
HTML_MEDIA_TYPE = "text/html"
RTF_MEDIA_TYPE = "application/rtf"
DOC_MEDIA_TYPE = "application/msword"
PPT_MEDIA_TYPE = "application/vnd.ms-powerpoint"
XLS_MEDIA_TYPE = "application/vnd.ms-excel"
MSG_MEDIA_TYPE = "application/vnd.ms-outlook"

Node: TypeAlias = Mapping[str, Any]
"""A block: `content` (with `node_type`), `children` (indices), `parent`, `content_layer`."""

# Elements whose text is kept without marks around it.
_INLINE = [
    *(
        "a",
        "abbr",
        "b",
        "big",
        "button",
        "cite",
        "code",
        "del",
        "dfn",
        "em",
        "font",
        "i",
        "ins",
        "kbd",
        "label",
        "mark",
    ),
    *("q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var"),
    *("blockquote", "figure", "figcaption", "img", "picture", "audio", "video", "input", "select", "textarea"),
]
# Everything that could be taken for a mark is escaped, so that what is not escaped is one.
_HTML_OPTIONS = {
    "strip_tags": _INLINE,
    "escape_asterisks": True,
    "escape_underscores": True,
    "escape_misc": True,
    "autolinks": False,
    "bullets": "-",
    "preprocessing": {"enabled": True, "preset": "standard", "remove_navigation": True, "remove_forms": False},
}


def docx_nodes(content: bytes) -> tuple[list[Node], str]:
    """The blocks of a DOCX in reading order, and its title."""
    return _nodes(content, DOCX_MEDIA_TYPE)


def rtf_nodes(content: bytes) -> tuple[list[Node], str]:
    """The blocks of an RTF document, and its title."""
    return _nodes(content, RTF_MEDIA_TYPE)


def _nodes(content: bytes, media_type: str) -> tuple[list[Node], str]:
    extracted = _extract(content, media_type, ExtractionConfig(use_cache=False, include_document_structure=True))
    return list(extracted.document["nodes"]), str(extracted.metadata.get("title") or "")


def old_office_text(content: bytes, media_type: str) -> tuple[str, str]:
    """The text and the title of a file in a format of before 2007; "" where there is none."""
    extracted = _extract(content, media_type, ExtractionConfig(use_cache=False))
    return str(extracted.content), str(extracted.metadata.get("title") or "")


def xls_sheets(content: bytes) -> list[tuple[int, str, list[list[str]]]]:
    """Number, name and rows of each sheet that has any."""
    extracted = _extract(content, XLS_MEDIA_TYPE, ExtractionConfig(use_cache=False))
    names = list(extracted.metadata.get("sheet_names") or ())
    return [
        (table.page_number, names[table.page_number - 1] if table.page_number <= len(names) else "", list(table.cells))
        for table in extracted.tables
    ]


def msg_text(content: bytes) -> tuple[str, str, list[str]]:
    """The headers and the text of an Outlook message, its subject, and the names of its attachments."""
    extracted = _extract(content, MSG_MEDIA_TYPE, ExtractionConfig(use_cache=False))
    fields = extracted.metadata
    return (
        str(extracted.content),
        str(fields.get("subject") or ""),
        [str(name) for name in fields.get("attachments") or ()],
    )


def html_markdown(content: bytes) -> str:
    """The Markdown of an HTML page in UTF-8; pass no <head>, its fields would become text."""
    config = ExtractionConfig(
        use_cache=False, output_format="markdown", html_options=_HTML_OPTIONS, enable_quality_processing=False
    )
    return str(_extract(content, HTML_MEDIA_TYPE, config).content)


def _extract(content: bytes, media_type: str, config: ExtractionConfig) -> ExtractionResult:
    try:
        return extract_bytes_sync(content, media_type, config)
    except (KreuzbergError, ValueError, RuntimeError, OSError) as error:
        raise DamagedFile("could not be read to its end; open it where it was made and save it again") from error
