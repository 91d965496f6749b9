"""What words become in the keyword index: lower case, the stop words of their language out, Snowball stems.

A text whose language has no stemmer, or cannot be told, is read as English.
"""

from collections import Counter
from collections.abc import Sequence
from functools import cache

import tantivy

from rag.stop_words import ENGLISH as ENGLISH_STOP_WORDS
from rag.text_language import language_of
from rag.word_segmentation import words

ENGLISH = "english"
_STEMMERS = {
    "ar": "arabic",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": ENGLISH,
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "hu": "hungarian",
    "it": "italian",
    "nl": "dutch",
    "nn": "norwegian",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
}
_WITHOUT_STOP_WORDS = {"arabic", "greek", "romanian", "tamil", "turkish"}  # the engine has no list of them
_TELLING = 2  # stop words by which one language must lead: a single one may be a word of another language

LANGUAGES = frozenset(_STEMMERS.values())
"""Those that a text may be read in."""


def reading_languages(texts: Sequence[str]) -> list[str]:
    """Which of LANGUAGES each text of a document is read in; where it cannot be told, as most of the others are."""
    told = [language_of(text) for text in texts]
    [(commonest, _)] = Counter(code for code in told if code).most_common(1) or [("en", 0)]
    return [_STEMMERS.get(code or commonest, ENGLISH) for code in told]


def terms(text: str, language: str) -> list[str]:
    """The terms of a text in order, read in a language.

    "Die Bücher der Stadt" in German -> buch, stadt; in English -> die, bücher, der, stadt
    """
    return stems(_separated(text), language)


def stems(form: str, language: str) -> list[str]:
    """What a word that was found in a text becomes; nothing if it is a stop word."""
    found: list[str] = _analyzer(language).analyze(form)
    return found


def query_words(query: str, languages: Sequence[str]) -> list[dict[str, str]]:
    """The words of a query in order, as language -> its term there; it has none where it is a stop word.

    In which language a query is written, its stop words may tell. They are then left out for all languages: one that
    stands in a text of another language is rare there, and would weigh more than the words that matter.

    "Wie sind die Bücher?" in German and English -> [{"german": "buch", "english": "bücher"}]
    """
    forms = _separated(query).split()
    read = [{language: stem for language in languages for stem in stems(form, language)} for form in forms]
    stopped = {language: sum(language not in word for word in read) for language in languages}
    first, *others = sorted(stopped, key=lambda language: -stopped[language])
    if all(stopped[first] >= stopped[other] + _TELLING for other in others):
        read = [word for word in read if first in word]
    return [word for word in read if word]


def _separated(text: str) -> str:
    return " ".join(word.form for word in words(text))


@cache
def _analyzer(language: str) -> tantivy.TextAnalyzer:
    analyzer = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).filter(tantivy.Filter.lowercase())
    if language == ENGLISH:
        analyzer = analyzer.filter(tantivy.Filter.custom_stopword(ENGLISH_STOP_WORDS))
    elif language not in _WITHOUT_STOP_WORDS:
        analyzer = analyzer.filter(tantivy.Filter.stopword(language))
    return analyzer.filter(tantivy.Filter.stemmer(language)).build()
