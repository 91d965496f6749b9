"""The table of the library's documents."""

from ingestion.parsers import MEDIA_TYPES
from ui.components.document_table import KINDS


def test_every_type_has_a_short_name() -> None:
    """What can be read has a name that fits its column; a new parser needs one too."""
    assert set(KINDS) == set(MEDIA_TYPES.values())
    assert max(map(len, KINDS.values())) <= 10
