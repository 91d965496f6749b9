"""One function per format, found by the suffix of the file. A new format is one function and one line here."""

from ingestion.parsers.docx import parse_docx
from ingestion.parsers.html import parse_html
from ingestion.parsers.markdown import parse_markdown
from ingestion.parsers.office import DOCX_MEDIA_TYPE, HTML_MEDIA_TYPE
from ingestion.parsers.parsed import Parsed, Parser
from ingestion.parsers.pdf import parse_pdf
from ingestion.parsers.text import parse_text

__all__ = ["MEDIA_TYPES", "PARSERS", "Parsed", "Parser"]

PARSERS: dict[str, Parser] = {
    ".txt": parse_text,
    ".md": parse_markdown,
    ".markdown": parse_markdown,
    ".html": parse_html,
    ".htm": parse_html,
    ".pdf": parse_pdf,
    ".docx": parse_docx,
}
MEDIA_TYPES: dict[str, str] = {
    ".txt": "text/plain",
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".html": HTML_MEDIA_TYPE,
    ".htm": HTML_MEDIA_TYPE,
    ".pdf": "application/pdf",
    ".docx": DOCX_MEDIA_TYPE,
}
