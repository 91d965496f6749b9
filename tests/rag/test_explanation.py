"""Why a chunk was found: sums that come out, and a deletion that does what it says. With the default model."""

import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.errors import UnknownDocument
from rag.explanation import explain
from rag.library import Library
from rag.pipeline import retrieve
from rag.retrieval import chunk_id_of
from rag.settings import Settings
from rag.types import SUM_TOLERANCE, Explanation, PassageScore, Retrieval, Source
from rag.word_analysis import stems
from tests.rag.fake_embedder import FakeEmbedder

QUESTIONS = [
    "How long may I wait before I return a damaged book?",
    "Which novel has a lighthouse keeper?",
    "What does express shipping cost to Norway?",
    "Wer hat nachts gearbeitet?",
    "thriller twist ending",
    "ISBN 978",
    "the of and",
    "🙂 本 zebra",
]
questions = st.sampled_from(QUESTIONS)
places = st.integers(0, 99)
explaining = settings(deadline=None, max_examples=25)

Explain = Callable[[str, int], Explanation]


@pytest.fixture(scope="session")
def retrieved(sample_library: Library) -> Callable[[str], Retrieval]:
    """What the sample library finds for a question, looked up once."""
    return cache(lambda question: retrieve(sample_library, question, Settings()))


@pytest.fixture(scope="session")
def explained(sample_library: Library, retrieved: Callable[[str], Retrieval]) -> Explain:
    """Why a question found the candidate at a place, explained once."""

    @cache
    def explanation(question: str, place: int) -> Explanation:
        retrieval = retrieved(question)
        return explain(sample_library, retrieval, retrieval.rankings[Source.FUSED][place].chunk.id)

    return explanation


def _total(shares: tuple[object, ...]) -> float:
    return sum(share.share for share in shares)


@explaining
@given(questions, places)
def test_shares_sum_to_the_cosine(explained: Explain, question: str, place: int) -> None:
    """Tokens and markers sum to the cosine, words to what tokens do, sentences to the cosine."""
    explanation = explained(question, place)
    cosine = explanation.best_passage.cosine
    assert abs(explanation.residual) <= SUM_TOLERANCE
    assert _total(explanation.tokens) + explanation.marker_share == pytest.approx(cosine, abs=SUM_TOLERANCE)
    assert _total(explanation.words) == pytest.approx(_total(explanation.tokens), abs=1e-9)
    assert _total(explanation.sentences) == pytest.approx(cosine, abs=SUM_TOLERANCE)


def test_largest_residual(explained: Explain) -> None:
    """Over the first candidates of every question, the residual is a rounding; -rP shows the largest."""
    residuals = [abs(explained(question, place).residual) for question in QUESTIONS for place in range(4)]
    print(f"largest residual of {len(residuals)} explanations: {max(residuals):.2e}")  # noqa: T201
    assert max(residuals) <= SUM_TOLERANCE


@explaining
@given(questions, places)
def test_shares_are_spans_of_the_passage(explained: Explain, question: str, place: int) -> None:
    """Every token, word and sentence slices its chunk, lies in the best passage, and words leave nothing out."""
    explanation = explained(question, place)
    chunk, passage = explanation.chunk, explanation.best_passage.passage
    for share in (*explanation.tokens, *explanation.words, *explanation.sentences):
        assert chunk.text[share.start - chunk.start : share.end - chunk.start] == share.text
        assert passage.start <= share.start < share.end <= passage.end
    text = chunk.text[passage.start - chunk.start : passage.end - chunk.start]
    assert "".join(word.text for word in explanation.words) == "".join(text.split())


@explaining
@given(questions, places)
def test_cosine_without_the_best_passage(
    sample_library: Library, retrieved: Callable[[str], Retrieval], explained: Explain, question: str, place: int
) -> None:
    """With the best passage's text deleted and all others embedded anew, the chunk has just that cosine."""
    explanation = explained(question, place)
    best = explanation.best_passage.passage
    kept = [
        "".join(
            " " if best.start <= offset < best.end else explanation.chunk.text[offset - explanation.chunk.start]
            for offset in range(score.passage.start, score.passage.end)
        ).strip()
        for score in explanation.ladder.passages
    ]
    cosines = sample_library.embedder.embed_passages([text for text in kept if text]) @ retrieved(question).query_vector
    expected = max(cosines, default=None)
    assert explanation.cosine_without == (None if expected is None else pytest.approx(expected, abs=1e-5))


def test_deletion_of_the_best_passage_mostly_costs(explained: Explain) -> None:
    """Chunks of one passage have nothing left; of the others, most are less alike without their best passage."""
    explanations = [explained(question, place) for question in QUESTIONS for place in range(4)]
    lost = [e.best_passage.cosine - e.cosine_without for e in explanations if e.cosine_without is not None]
    assert all((e.cosine_without is None) == (len(e.ladder.passages) == 1) for e in explanations)
    assert np.mean(np.array(lost) > 0) > 0.5


@explaining
@given(questions, places)
def test_percentile_equals_brute_force(
    sample_library: Library, retrieved: Callable[[str], Retrieval], explained: Explain, question: str, place: int
) -> None:
    """The share of all chunks of the library whose best passage is less alike."""
    explanation = explained(question, place)
    best: dict[str, float] = {}
    for ids, vectors in sample_library.catalogue.all_passages(10_000):
        for passage_id, cosine in zip(ids, vectors @ retrieved(question).query_vector, strict=True):
            best[chunk_id_of(passage_id)] = max(best.get(chunk_id_of(passage_id), -1.0), float(cosine))
    lower = sum(cosine < explanation.best_passage.cosine - 1e-6 for cosine in best.values())
    assert explanation.percentile == pytest.approx(100 * lower / len(best))
    assert explanation.percentile_sample == len(best)


@explaining
@given(questions, places)
def test_matched_terms_are_words_of_the_chunk(
    sample_library: Library, explained: Explain, question: str, place: int
) -> None:
    """Each span is a whole word with that stem, no such word is left out, and the shares sum to the BM25 score."""
    explanation = explained(question, place)
    chunk, index = explanation.chunk, sample_library.index.keywords
    is_german = sample_library.catalogue.record(chunk.document_id).name == "nachtschicht_notiz.txt"
    language = "german" if is_german else "english"
    words = [match.span() for match in re.finditer(r"[^\W_]+", chunk.text)]
    for matched in explanation.matched_terms:
        same = [(start, end) for start, end in words if stems(chunk.text[start:end], language) == [matched.term]]
        assert matched.spans == tuple((chunk.start + start, chunk.start + end) for start, end in same) != ()
        assert matched.term in index.terms(question)[language]
    assert _total(explanation.matched_terms) == pytest.approx(explanation.ladder.keyword_score or 0, rel=1e-4)


def test_terms_are_those_of_the_question(explained: Explain) -> None:
    """The words a person would point at are the matched terms of the best chunk."""
    terms = {matched.term for matched in explained(QUESTIONS[0], 0).matched_terms}
    assert {"return", "book"} <= terms
    assert "i" not in terms


def test_model_that_is_not_mean_pooled_has_no_shares(settings: Settings) -> None:
    """Where the cosine is no sum over tokens, there are none; the rest of the explanation stands."""

    class ClsPooled(FakeEmbedder):
        def token_vectors(self, text: str) -> None:
            return None

    with Library.open(settings, ClsPooled()) as library:
        library.add("a.txt", b"The harbour master counts the boats. He counts them twice.")
        retrieval = retrieve(library, "boats of the harbour", settings)
        explanation = explain(library, retrieval, retrieval.context[0].chunk.id)
    assert (explanation.tokens, explanation.words, explanation.sentences) == ((), (), ())
    assert (explanation.residual, explanation.marker_share) == (0.0, 0.0)
    assert {matched.term for matched in explanation.matched_terms} == {"boat", "harbour"}


def test_matched_words_are_those_of_the_language(library: Library) -> None:
    """The places of a German word's term are those of its inflected forms."""
    text = "Die Bücher liegen seit gestern auf dem Tisch neben dem Fenster der Küche."
    library.add("a.txt", text.encode())
    retrieval = retrieve(library, "Wo ist das Buch?", library.settings)
    [matched] = explain(library, retrieval, retrieval.context[0].chunk.id).matched_terms
    assert [text[start:end] for start, end in matched.spans] == ["Bücher"]


def test_chunk_that_is_no_candidate_is_refused(sample_library: Library, retrieved: Callable[[str], Retrieval]) -> None:
    """Only candidates can be explained."""
    with pytest.raises(KeyError, match="d9:0-1"):
        explain(sample_library, retrieved(QUESTIONS[0]), "d9:0-1")


def test_explanation_after_the_library_has_grown(library: Library) -> None:
    """Documents added since the question change what its words weigh, not whether the sums come out."""
    library.add("a.txt", b"The harbour master counts the boats.")
    retrieval = retrieve(library, "boats of the harbour", library.settings)
    [chunk_id] = retrieval.ladders
    library.add("b.txt", b"A harbour, another harbour, and a long text about something else altogether.")
    explanation = explain(library, retrieval, chunk_id)
    assert explanation.ladder.keyword_score == library.index.keywords.scores(retrieval.query, [chunk_id])[chunk_id]
    assert explanation.ladder.keyword_score != retrieval.ladders[chunk_id].keyword_score
    assert explanation.percentile_sample == 2


def test_explanation_of_a_removed_chunk_is_refused(library: Library) -> None:
    """A chunk whose document has been removed since the question has nothing to explain it by."""
    removed = library.add("a.txt", b"The harbour master counts the boats.").document_id
    retrieval = retrieve(library, "boats", library.settings)
    library.remove(removed)
    with pytest.raises(UnknownDocument, match=f"no document '{removed}'"):
        explain(library, retrieval, retrieval.context[0].chunk.id)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (lambda e: {"residual": 2e-4}, "token shares miss the cosine"),
        (
            lambda e: {"sentences": (replace(e.sentences[0], share=e.sentences[0].share + 0.01),)},
            "sentence shares sum to",
        ),
        (lambda e: {"matched_terms": e.matched_terms[:-1]}, "term shares sum to"),
        (lambda e: {"best_passage": PassageScore(e.best_passage.passage, 0.99)}, "sentence shares sum to .* is 0.99"),
    ],
    ids=["residual", "sentences", "terms", "cosine"],
)
def test_wrong_sums_are_refused(
    explained: Explain, wrong: Callable[[Explanation], dict[str, object]], message: str
) -> None:
    """An explanation whose shares do not make its numbers cannot be built."""
    explanation = explained(QUESTIONS[0], 0)
    with pytest.raises(ValueError, match=message):
        replace(explanation, **wrong(explanation))


def test_wrong_ladder_is_refused(explained: Explain) -> None:
    """Nor can a ladder whose two shares do not make its fused score."""
    with pytest.raises(ValueError, match="do not make the fused score 9"):
        replace(explained(QUESTIONS[0], 0).ladder, fused_score=9)
