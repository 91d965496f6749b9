"""One function per format, found by the suffix of the file. A new format is one function and one line here."""

from ingestion.parsers.delimited import parse_csv, parse_tsv
from ingestion.parsers.docx import parse_docx
from ingestion.parsers.epub import parse_epub
from ingestion.parsers.html import parse_html
from ingestion.parsers.json_lines import parse_json, parse_jsonl
from ingestion.parsers.mail import parse_eml
from ingestion.parsers.markdown import parse_markdown
from ingestion.parsers.notebook import parse_notebook
from ingestion.parsers.odf import parse_odp, parse_ods, parse_odt
from ingestion.parsers.office import (
    DOC_MEDIA_TYPE,
    DOCX_MEDIA_TYPE,
    HTML_MEDIA_TYPE,
    MSG_MEDIA_TYPE,
    PPT_MEDIA_TYPE,
    RTF_MEDIA_TYPE,
    XLS_MEDIA_TYPE,
)
from ingestion.parsers.old_office import parse_doc, parse_msg, parse_ppt, parse_xls
from ingestion.parsers.parsed import Parsed, Parser
from ingestion.parsers.pdf import parse_pdf
from ingestion.parsers.picture import parse_picture
from ingestion.parsers.pptx import parse_pptx
from ingestion.parsers.rtf import parse_rtf
from ingestion.parsers.source_code import CODE_SUFFIXES, code_parser
from ingestion.parsers.text import parse_text
from ingestion.parsers.xlsx import parse_xlsx

__all__ = ["CODE_SUFFIXES", "MEDIA_TYPES", "PARSERS", "Parsed", "Parser"]

_PICTURES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
    ".webp": "image/webp",
    ".gif": "image/gif",
    ".bmp": "image/bmp",
}

PARSERS: dict[str, Parser] = {
    ".txt": parse_text,
    ".md": parse_markdown,
    ".markdown": parse_markdown,
    ".html": parse_html,
    ".htm": parse_html,
    ".pdf": parse_pdf,
    ".docx": parse_docx,
    ".pptx": parse_pptx,
    ".xlsx": parse_xlsx,
    ".xlsm": parse_xlsx,
    ".csv": parse_csv,
    ".tsv": parse_tsv,
    ".epub": parse_epub,
    ".eml": parse_eml,
    ".msg": parse_msg,
    ".odt": parse_odt,
    ".odp": parse_odp,
    ".ods": parse_ods,
    ".rtf": parse_rtf,
    ".doc": parse_doc,
    ".xls": parse_xls,
    ".ppt": parse_ppt,
    ".json": parse_json,
    ".jsonl": parse_jsonl,
    ".ndjson": parse_jsonl,
    ".ipynb": parse_notebook,
    **dict.fromkeys(_PICTURES, parse_picture),
    **{suffix: code_parser(suffix) for suffix in CODE_SUFFIXES},
}
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument"
MEDIA_TYPES: dict[str, str] = {
    ".txt": "text/plain",
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".html": HTML_MEDIA_TYPE,
    ".htm": HTML_MEDIA_TYPE,
    ".pdf": "application/pdf",
    ".docx": DOCX_MEDIA_TYPE,
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".xlsm": "application/vnd.ms-excel.sheet.macroEnabled.12",
    ".csv": "text/csv",
    ".tsv": "text/tab-separated-values",
    ".epub": "application/epub+zip",
    ".eml": "message/rfc822",
    ".msg": MSG_MEDIA_TYPE,
    ".odt": f"{_OPEN_DOCUMENT}.text",
    ".odp": f"{_OPEN_DOCUMENT}.presentation",
    ".ods": f"{_OPEN_DOCUMENT}.spreadsheet",
    ".rtf": RTF_MEDIA_TYPE,
    ".doc": DOC_MEDIA_TYPE,
    ".xls": XLS_MEDIA_TYPE,
    ".ppt": PPT_MEDIA_TYPE,
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".ndjson": "application/jsonl",
    ".ipynb": "application/x-ipynb+json",
    **_PICTURES,
    **dict.fromkeys(CODE_SUFFIXES, "text/plain"),
}
