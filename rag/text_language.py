"""Which language a text is written in, where that can be told. Home of py3langid."""

from functools import cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

_SURE = 0.5  # of 1: what most texts of fifteen words reach, and neither tables nor program code
_ENOUGH = 1000  # characters; the rest of a text is not read


def language_of(text: str) -> str | None:
    """The ISO 639 code of a text's language; None where the text is too short, or not of words, to tell."""
    code, confidence = _identifier().classify(text[:_ENOUGH])
    return str(code) if confidence >= _SURE else None


@cache
def _identifier() -> LanguageIdentifier:
    """Read at the first text, not at the start: it takes a second and 80 MB."""
    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
