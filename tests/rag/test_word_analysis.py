"""What words become, by language, and what a query becomes when it is not known in which language it is asked."""

import pytest
import tantivy
from hypothesis import given
from hypothesis import strategies as st

from rag.word_analysis import LANGUAGES, query_words, reading_languages, terms
from tests.strategies import characters, keyword_texts

GERMAN = "Die Bücher liegen seit gestern auf dem Tisch neben dem Fenster."
ENGLISH = "The books have been lying on the table next to the window since yesterday."
TABLE = "| Buch | 12.50 |"
queries = st.one_of(keyword_texts, st.text(characters), st.text("aäbdeinrstu .-/½", max_size=60))


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("english", "The books of the cities", ["book", "citi"]),
        ("german", "Die Bücher der Stadt", ["buch", "stadt"]),
        ("german", "Das Buch der Städte", ["buch", "stadt"]),
        ("spanish", "las canciones de una canción", ["cancion", "cancion"]),
        ("french", "les journaux et le journal", ["journal", "journal"]),
        ("turkish", "kitaplar ve kitap", ["kitap", "ve", "kitap"]),
    ],
)
def test_terms_of_a_language(language: str, text: str, expected: list[str]) -> None:
    """Inflected words meet in their stem; stop words go where the engine knows them."""
    assert terms(text, language) == expected


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_stop_words_are_those_that_the_engine_has(language: str) -> None:
    """Every language can be read, and no list of the engine is left unused."""
    try:
        stop_words = tantivy.Filter.stopword(language)
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).filter(stop_words)
        has_list = True
    except ValueError:
        has_list = False
    function_words = {
        "arabic": "من في على",
        "danish": "og jeg det",
        "dutch": "de en van",
        "english": "the of and",
        "finnish": "ja on että",
        "french": "et le de",
        "german": "und der die",
        "greek": "και το είναι",
        "hungarian": "a az és",
        "italian": "di che e",
        "norwegian": "og jeg det",
        "portuguese": "de que e",
        "romanian": "de și la",
        "russian": "и в не",
        "spanish": "de que y",
        "swedish": "och det att",
        "tamil": "ஒரு என்று மற்றும்",
        "turkish": "ve bir bu",
    }
    assert (terms(function_words[language], language) == []) == has_list


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("arabic", "الكتب على الطاولة بجانب النافذة منذ أمس ولم يقرأها أحد حتى الآن."),
        ("danish", "Bøgerne har siden i går ligget på bordet ved siden af vinduet, og ingen har læst dem endnu."),
        ("dutch", "De boeken liggen sinds gisteren op de tafel naast het raam van de keuken."),
        ("finnish", "Kirjat ovat olleet eilisestä lähtien pöydällä ikkunan vieressä."),
        ("french", "Les livres sont depuis hier sur la table, à côté de la fenêtre de la cuisine."),
        ("greek", "Τα βιβλία βρίσκονται από χθες στο τραπέζι δίπλα στο παράθυρο."),
        ("hungarian", "A könyvek tegnap óta az asztalon fekszenek az ablak mellett."),
        ("italian", "I libri sono da ieri sul tavolo accanto alla finestra della cucina."),
        ("norwegian", "Bøkene har ligget på bordet ved siden av vinduet siden i går, og ingen har lest dem ennå."),
        ("norwegian", "Bøkene har lege på bordet ved sida av vindauget sidan i går, og ingen har lese dei enno."),
        ("portuguese", "Os livros estão desde ontem na mesa, ao lado da janela da cozinha."),
        ("romanian", "Cărțile stau de ieri pe masă, lângă fereastra din bucătărie."),
        ("russian", "Со вчерашнего дня книги лежат на столе рядом с окном, и никто их не читает."),
        ("spanish", "Los libros están desde ayer en la mesa, al lado de la ventana de la cocina."),
        ("swedish", "Böckerna har legat på bordet bredvid fönstret sedan i går, och ingen har läst dem än."),
        ("tamil", "புத்தகங்கள் நேற்று முதல் ஜன்னலுக்கு அருகில் உள்ள மேசையில் உள்ளன."),
        ("turkish", "Kitaplar dünden beri mutfak penceresinin yanındaki masanın üzerinde duruyor."),
    ],
)
def test_reading_language_of_a_text(language: str, text: str) -> None:
    """Each of LANGUAGES is recognised."""
    assert reading_languages([text]) == [language]


def test_reading_languages_of_a_document() -> None:
    """Each text is read in its own language."""
    assert reading_languages([ENGLISH, GERMAN, ENGLISH]) == ["english", "german", "english"]
    assert reading_languages([]) == []


def test_text_that_tells_nothing_is_read_like_the_others() -> None:
    """A table in a German document is German; alone it is read as English."""
    assert reading_languages([TABLE, GERMAN, GERMAN, ENGLISH]) == ["german", "german", "german", "english"]
    assert reading_languages([TABLE]) == ["english"]


@pytest.mark.parametrize(
    "text", ["Książki leżą od wczoraj na stole obok okna.", "这些书从昨天开始就放在窗边的桌子上。"]
)
def test_language_without_a_stemmer_is_read_as_english(text: str) -> None:
    """As all were before; what stands beside it and tells nothing, too."""
    assert reading_languages([text, TABLE]) == ["english", "english"]


def test_word_has_a_term_in_each_language() -> None:
    """The words in order, by their terms; a stop word has none in its language, and one of all languages is no word."""
    assert query_words("Bücher, Bücher die in Stadt", ["english", "german"]) == [
        {"english": "bücher", "german": "buch"},
        {"english": "bücher", "german": "buch"},
        {"english": "die"},
        {"english": "stadt", "german": "stadt"},
    ]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("Wie sind die Bücher?", ["bücher"]),
        ("which of the bulbs die?", ["bulb", "die"]),
        ("die casting", ["die", "cast"]),
        ("der Rabatt", ["der", "rabatt"]),
        ("what is the war about", ["war"]),
        ("was war das", []),
    ],
)
def test_stop_words_tell_the_language_of_a_query(query: str, expected: list[str]) -> None:
    """Two of one language and they are no words of another either; a single one may be."""
    read = query_words(query, ["english", "german"])
    assert [word["english"] for word in read if "english" in word] == expected


@given(queries, st.sampled_from(sorted(LANGUAGES)))
def test_query_in_one_language_is_its_terms(query: str, language: str) -> None:
    """A library of one language asks for just what a text with the words of the query would hold."""
    asked = [word[language] for word in query_words(query, [language])]
    assert asked == terms(query, language)


@given(queries, st.lists(st.sampled_from(sorted(LANGUAGES)), min_size=2, max_size=4, unique=True))
def test_query_in_many_languages_asks_for_no_more(query: str, languages: list[str]) -> None:
    """In each language the terms are some of the query's, and none is asked for without a word."""
    read = query_words(query, languages)
    for language in languages:
        assert {word[language] for word in read if language in word} <= set(terms(query, language))
    assert all(read)
