"""BM25 by hand, its shares, and what an index on disk must do."""

from math import log
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.types import Chunk
from rag.keyword_index import KeywordIndex
from tests.rag.builders import make_chunk
from tests.strategies import keyword_texts

K1, B = 1.2, 0.75


def _chunks(*texts: str) -> list[Chunk]:
    return [make_chunk(text, document_id=f"d{number}") for number, text in enumerate(texts, start=1)]


def _index(folder: Path, *texts: str) -> KeywordIndex:
    index = KeywordIndex(folder)
    index.add(_chunks(*texts))
    return index


def _idf(chunks: int, holding: int) -> float:
    return log(1 + (chunks - holding + 0.5) / (holding + 0.5))


def _weight(tf: int, length: int, mean_length: float) -> float:
    return (K1 + 1) * tf / (tf + K1 * (1 - B + B * length / mean_length))


def test_bm25_by_hand(tmp_path: Path) -> None:
    """Lengths 2, 4 and 3, mean 3; "tide" stands in the first once and in the second twice, "atlas" in the third."""
    index = _index(tmp_path, "tide table", "tide tide harbour map", "atlas harbour map")
    found = dict(index.search("tide atlas", 10))
    assert found == pytest.approx(
        {
            "d1:0-10": _idf(3, 2) * _weight(1, 2, 3),
            "d2:0-21": _idf(3, 2) * _weight(2, 4, 3),
            "d3:0-17": _idf(3, 1) * _weight(1, 3, 3),
        },
        rel=1e-5,
    )


def test_term_shares_by_hand(tmp_path: Path) -> None:
    """Each term of a chunk adds its own product of idf and weight; the largest stands first."""
    index = _index(tmp_path, "tide table", "tide tide harbour map", "atlas harbour map")
    shares = index.term_shares("the tide and a map, the harbour", "d2:0-21")
    assert list(shares) == ["tide", "map", "harbour"] or list(shares) == ["tide", "harbour", "map"]
    assert shares["tide"] == pytest.approx(_idf(3, 2) * _weight(2, 4, 3), rel=1e-5)
    assert shares["map"] == pytest.approx(_idf(3, 2) * _weight(1, 4, 3), rel=1e-5)


def test_query_terms_are_stems_without_stop_words(tmp_path: Path) -> None:
    """Lower case, English stop words out, stems in the order of the query, those asked twice weigh 9 · 2 / (8 + 2)."""
    index = KeywordIndex(tmp_path)
    assert index.terms("The refunds of Books, refunded and a book; ISBN-13") == {
        "english": {"refund": 1.8, "book": 1.8, "isbn": 1, "13": 1, "isbn13": 1}
    }


def test_word_asked_twice_weighs_more(tmp_path: Path) -> None:
    """1.8 times: in the score, in its share of it, and in what a chunk with every word would score."""
    index = _index(tmp_path, "tide table", "tide tide harbour map", "atlas harbour map")
    once, twice = index.term_shares("tide map", "d2:0-21"), index.term_shares("tide map tides", "d2:0-21")
    assert twice == {"tide": pytest.approx(1.8 * once["tide"], rel=1e-5), "map": pytest.approx(once["map"])}
    assert index.scores("tide map tides", ["d2:0-21"])["d2:0-21"] == pytest.approx(sum(twice.values()), rel=1e-5)
    assert index.full_score("tide map tides") == pytest.approx(1.8 * _idf(3, 2) + _idf(3, 2))
    alone = index.term_shares("tides and the tide", "d1:0-10")
    assert alone == {"tide": pytest.approx(index.scores("tide tide", ["d1:0-10"])["d1:0-10"], rel=1e-5)}


@pytest.mark.parametrize("query", ["", "the of and", "?!", "zebra"])
def test_query_without_a_match_finds_nothing(tmp_path: Path, query: str) -> None:
    """Nothing to look for, or nothing there: no hits, no scores, no shares."""
    index = _index(tmp_path, "tide table")
    assert (index.search(query, 5), index.scores(query, ["d1:0-10"]), index.term_shares(query, "d1:0-10")) == (
        [],
        {},
        {},
    )


def test_scores_are_those_of_the_search(tmp_path: Path) -> None:
    """Asked for by id, chunks have the scores of a search; chunks without a term are left out."""
    index = _index(tmp_path, "tide table", "tide tide harbour map", "atlas harbour map")
    assert index.scores("tide", ["d2:0-21", "d3:0-17", "unknown"]) == {
        "d2:0-21": dict(index.search("tide", 9))["d2:0-21"]
    }


@settings(deadline=None, max_examples=15)
@given(st.lists(keyword_texts, min_size=1, max_size=8), keyword_texts)
def test_shares_sum_to_the_score(tmp_path_factory: pytest.TempPathFactory, texts: list[str], query: str) -> None:
    """For any texts, the shares of a chunk's terms sum to its score, and the scores are the search's."""
    index = _index(tmp_path_factory.mktemp("keywords"), *texts)
    found = dict(index.search(query, len(texts)))
    assert index.scores(query, [chunk.id for chunk in _chunks(*texts)]) == pytest.approx(found, rel=1e-6)
    for chunk_id, score in found.items():
        assert sum(index.term_shares(query, chunk_id).values()) == pytest.approx(score, rel=1e-4)


def test_deleted_chunks_are_not_found(tmp_path: Path) -> None:
    """One document's chunks go, the others stay."""
    index = _index(tmp_path, "tide table", "tide map")
    index.delete("d1")
    assert [chunk_id for chunk_id, _ in index.search("tide", 5)] == ["d2:0-8"]
    assert index.count() == 1


def test_deleted_chunks_remain_in_a_shared_file(tmp_path: Path) -> None:
    """The engine drops a file only with its last chunk; the index says when something remains."""
    index = _index(tmp_path, "tide table", "tide map")
    index.delete("d1")
    assert index.has_remains()
    index.delete("d2")
    assert not index.has_remains()


def test_replaced_index_is_as_if_new(tmp_path: Path) -> None:
    """After a replacement, statistics and scores are those of an index that never held the others."""
    chunks = _chunks("tide table", "tide map", "atlas map harbour")
    index, fresh = _index(tmp_path / "old", "gone", "tide tide"), KeywordIndex(tmp_path / "new")
    index.delete("d1")
    index.replace(chunks)
    fresh.add(chunks)
    assert not index.has_remains()
    assert index.search("tide map", 5) == fresh.search("tide map", 5)
    assert index.full_score("gone tide") == fresh.full_score("gone tide")


def test_replaced_by_nothing_is_empty(tmp_path: Path) -> None:
    """Everything goes, and the index can be filled again."""
    index = _index(tmp_path, "tide table", "tide map")
    index.replace([])
    assert (index.count(), index.search("tide", 5)) == (0, [])
    index.add(_chunks("tide pool"))
    assert index.count() == 1


def test_full_score_by_hand(tmp_path: Path) -> None:
    """One idf for each word of the query, known or not: 3 chunks, 2 with "tide", 1 with "atlas", 0 with "zebra"."""
    index = _index(tmp_path, "tide table", "tide tide harbour map", "atlas harbour map")
    assert index.full_score("tide and atlas, zebra") == pytest.approx(_idf(3, 2) + _idf(3, 1) + _idf(3, 0))
    assert index.full_score("the of") == 0


def test_full_score_is_that_of_an_average_chunk(tmp_path: Path) -> None:
    """A chunk of average length with every word once scores just that."""
    index = _index(tmp_path, "tide table", "tide map", "atlas harbour")
    assert dict(index.search("tide table", 5))["d1:0-10"] == pytest.approx(index.full_score("tide table"), rel=1e-5)


def test_index_is_kept_on_disk(tmp_path: Path) -> None:
    """What was added is found by the next one to open the folder, with the same score."""
    found = _index(tmp_path, "tide table", "atlas").search("tide", 5)
    assert len(found) == 1
    assert KeywordIndex(tmp_path).search("tide", 5) == found


def test_same_index_finds_what_others_added_before(tmp_path: Path) -> None:
    """Chunks added in several steps are searched as one."""
    index = KeywordIndex(tmp_path)
    for chunk in _chunks("tide one", "tide two", "tide three"):
        index.add([chunk])
    assert index.count() == len(index.search("tide", 5)) == 3


def test_occurrences_are_spans_of_words_with_the_stem(tmp_path: Path) -> None:
    """Every word whose stem is asked for, as written, wherever it stands."""
    text = "Refunds: we refunded the (REFUND) for naïve re-fund-seekers."
    spans = KeywordIndex(tmp_path).occurrences(make_chunk(text), ["refund", "naïv", "zebra"])
    words = {term: [text[start:end] for start, end in places] for term, places in spans.items()}
    assert words == {"refund": ["Refunds", "refunded", "REFUND"], "naïv": ["naïve"], "zebra": []}
