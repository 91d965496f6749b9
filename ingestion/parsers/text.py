"""Plain text files."""

from ingestion.parsers.cleaning import clean
from ingestion.parsers.decoding import decode
from ingestion.parsers.parsed import Parsed, single_page


def parse_text(content: bytes) -> Parsed:
    """The text as it stands; without headings, since plain text has no sign for them."""
    decoded, warnings = decode(content)
    text = clean(decoded)
    return Parsed(text=text, pages=single_page(text), warnings=warnings)
