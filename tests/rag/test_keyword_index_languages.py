"""BM25 over chunks in several languages: each is read in its own, and so is the query."""

from math import log
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.keyword_index import KeywordIndex
from rag.library import Library
from rag.settings import Settings
from tests.rag.builders import make_chunk
from tests.rag.fake_embedder import FakeEmbedder

K1, B = 1.2, 0.75
BOOKS = "Die Bücher liegen seit gestern auf dem Tisch neben dem Fenster der Küche."
LAMPS = "Die Lampe steht auf dem Tisch und leuchtet in der Nacht, wenn jemand das Fenster öffnet."
PLANTS = "The bulbs die in winter, unless somebody carries them into the house before the frost."
MIRROR = "Most of the articles of Der Spiegel about the war were written in the city of Hamburg."
SENTENCES = [
    BOOKS,
    LAMPS,
    PLANTS,
    MIRROR,
    "Las canciones que cantan los niños de la escuela son muy antiguas y nadie sabe quién las escribió.",
    "Les journaux du matin sont arrivés avec le train de Paris, et tout le monde les lit dans la rue.",
    "Fenster | 12.50 | Tisch | 99",
    "这些书从昨天开始就放在窗边的桌子上。",
]
german_questions = st.sampled_from("die das Buch Bücher Tisch Tische Lampen Fenster war Spiegel wie ist".split())
foreign_questions = st.sampled_from("the bulb canción journal die war house 书从 99 Rue zebra of".split())
questions = st.lists(st.one_of(german_questions, foreign_questions), min_size=1, max_size=8).map(" ".join)


def _index(*texts: str, folder: Path | None = None) -> KeywordIndex:
    index = KeywordIndex(folder)
    index.add(make_chunk(text, document_id=f"d{number}") for number, text in enumerate(texts, start=1))
    return index


def _found(index: KeywordIndex, query: str) -> list[str]:
    return [chunk_id.partition(":")[0] for chunk_id, _ in index.search(query, 9)]


def _idf(chunks: int, holding: int) -> float:
    return log(1 + (chunks - holding + 0.5) / (holding + 0.5))


def _weight(tf: int, length: int, mean_length: float) -> float:
    return (K1 + 1) * tf / (tf + K1 * (1 - B + B * length / mean_length))


@pytest.mark.parametrize(
    ("text", "query"),
    [
        (BOOKS, "Buch"),
        (BOOKS, "Küchen"),
        (SENTENCES[4], "canción"),
        (SENTENCES[4], "escuelas"),
        (SENTENCES[5], "journal"),
        ("I prezzi dei biglietti sono aumentati molto durante la stagione estiva di quest'anno.", "prezzo"),
        ("De boeken liggen sinds gisteren op de tafel naast het raam van de keuken.", "boek"),
        ("Со вчерашнего дня книги лежат на столе рядом с окном, и никто их не читает.", "книга"),
    ],
)
def test_inflected_words_are_found(text: str, query: str) -> None:
    """A plural finds its singular and the other way round, each by the rules of its language, also beside English."""
    assert _found(_index(text), query) == ["d1"]
    assert _found(_index(text, PLANTS, MIRROR), query) == ["d1"]


def test_english_is_found_beside_other_languages() -> None:
    """An English word is still stemmed as English."""
    index = _index(BOOKS, PLANTS, MIRROR)
    assert _found(index, "article") == ["d3"]
    assert _found(index, "houses") == ["d2"]


def test_bm25_by_hand_in_german() -> None:
    """Without stop words 10 and 8 terms are left, mean 9: "buch" twice and "alt" in the first, "fenst" in both."""
    index = _index(BOOKS + " Das Buch ist alt.", LAMPS)
    [first, _] = index.search("alte Bücher am Fenster", 9)
    expected = {
        "buch": _idf(2, 1) * _weight(2, 10, 9),
        "alt": _idf(2, 1) * _weight(1, 10, 9),
        "fenst": _idf(2, 2) * _weight(1, 10, 9),
    }
    assert index.term_shares("alte Bücher am Fenster", first[0]) == pytest.approx(expected, rel=1e-5)
    assert first[1] == pytest.approx(sum(expected.values()), rel=1e-5)


def test_word_of_one_language_that_is_a_stop_word_of_another() -> None:
    """English chunks are found by "die", German ones never; "the" finds none."""
    index = _index(BOOKS, LAMPS, PLANTS)
    assert _found(index, "die") == ["d3"]
    assert _found(index, "the") == _found(index, "wie") == []
    assert _found(_index(BOOKS, LAMPS), "die") == []


def test_stop_words_of_a_question_count_in_no_language() -> None:
    """An English chunk that holds a German article is not what a German question asks for."""
    index = _index(BOOKS, LAMPS, MIRROR)
    assert _found(index, "Was ist der Preis?") == []
    assert _found(index, "Wer war der Autor der Bücher?") == ["d1"]


def test_chunks_are_matched_in_their_own_language_only() -> None:
    """The word "journal" has the stem of "journaux" in French, which no English chunk is to be found by."""
    english = "The word journaux is what they wrote on the board, and nobody in the room could read it."
    assert _found(_index(SENTENCES[5], english), "journal") == ["d1"]
    assert _found(_index(SENTENCES[5], english), "journaux") == ["d2", "d1"]


def test_highlights_are_words_of_the_language() -> None:
    """The places of a term are those of its inflected forms."""
    index, chunk = _index(BOOKS, PLANTS), make_chunk(BOOKS, document_id="d1")
    places = index.occurrences(chunk, index.term_shares("ein Buch am Fenster", chunk.id))
    assert {term: [BOOKS[start:end] for start, end in spans] for term, spans in places.items()} == {
        "buch": ["Bücher"],
        "fenst": ["Fenster"],
    }


def test_full_score_takes_the_rarest_term_of_a_word() -> None:
    """3 chunks: "fenst" in 2, the English "die" in 1 and "zebra" in none; "wie" is a German stop word, and unknown.

    With a fourth, in English, there is a "fenster" that is rarer than the German "fenst".
    """
    index = _index(BOOKS, LAMPS, PLANTS)
    assert index.full_score("Fenster") == pytest.approx(_idf(3, 2))
    assert index.full_score("die") == pytest.approx(_idf(3, 1))
    assert index.full_score("zebra") == pytest.approx(_idf(3, 0))
    assert index.full_score("wie") == index.full_score("the wie") == 0
    assert index.full_score("Fenster wie zebra") == pytest.approx(_idf(3, 2) + _idf(3, 0))
    index.add([make_chunk("What they call a Fenster is what we would have called a window.", document_id="d4")])
    assert index.full_score("Fenster") == pytest.approx(_idf(4, 1))


def test_full_score_of_one_language_is_that_of_an_average_chunk() -> None:
    """As in English: the chunk that holds the words once, and is as long as the others, scores just that."""
    index = _index(BOOKS)
    assert dict(index.search("Bücher am Tisch", 1))[f"d1:0-{len(BOOKS)}"] == pytest.approx(
        index.full_score("Bücher am Tisch"), rel=1e-5
    )


@settings(deadline=None, max_examples=40)
@given(st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=8), questions)
def test_shares_sum_to_the_score_in_any_mixture(texts: list[str], query: str) -> None:
    """Shares sum to the score, scores are the search's, terms stand in the text, and what is found can be divided."""
    index = _index(*texts)
    chunks = {f"d{number}:0-{len(text)}": text for number, text in enumerate(texts, start=1)}
    found = dict(index.search(query, len(texts)))
    assert index.scores(query, list(chunks)) == pytest.approx(found, rel=1e-6)
    assert (index.full_score(query) > 0) or not found
    for chunk_id, score in found.items():
        shares = index.term_shares(query, chunk_id)
        assert sum(shares.values()) == pytest.approx(score, rel=1e-4)
        chunk = make_chunk(chunks[chunk_id], document_id=chunk_id.partition(":")[0])
        assert all(index.occurrences(chunk, shares).values())


def test_languages_are_known_at_opening(tmp_path: Path) -> None:
    """They are those of the chunks on disk, the commonest first; of none, English."""
    assert KeywordIndex(None).languages() == ["english"]
    _index(BOOKS, LAMPS, PLANTS, folder=tmp_path)
    reopened = KeywordIndex(tmp_path)
    assert reopened.languages() == ["german", "english"]
    assert _found(reopened, "Buch") == ["d1"]
    reopened.replace([make_chunk(PLANTS)])
    assert reopened.languages() == ["english"]


def test_chunk_that_tells_nothing_is_read_like_its_document() -> None:
    """A table in a German document is found by the German plural of its words."""
    index = KeywordIndex(None)
    index.add([make_chunk(BOOKS), make_chunk("| Buch | 12.50 |", start=100)])
    assert sorted(chunk_id for chunk_id, _ in index.search("Bücher", 9)) == ["d1:0-73", "d1:100-116"]


def test_index_of_an_older_version_is_built_anew(
    tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an earlier version wrote is not read as if it were today's."""
    with monkeypatch.context() as earlier, Library.open(settings, FakeEmbedder()) as library:
        earlier.setattr("rag.keyword_index.SEGMENTATION_VERSION", 1)
        library.add("a.txt", BOOKS.encode())
    with Library.open(settings, FakeEmbedder()) as library:
        assert library.index.repairs == ["the keyword index was rebuilt from the catalogue"]
        assert len(library.index.keywords.search("Buch", 9)) == 1
    with Library.open(settings, FakeEmbedder()) as library:
        assert library.index.repairs == []
