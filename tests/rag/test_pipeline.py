"""The trace of a question: everything that was found, and how."""

import pytest

from rag import pipeline
from rag.library import Library
from rag.pipeline import retrieve
from rag.settings import Settings
from rag.types import Source
from tests.rag.fake_embedder import FakeEmbedder

QUESTION = "How long may I wait before I return a book?"


def test_trace_is_complete(sample_library: Library) -> None:
    """Question, vector, rankings, ladders, documents, timings and passport belong together."""
    retrieval = retrieve(sample_library, QUESTION, Settings(candidates=20))
    fused = retrieval.rankings[Source.FUSED]
    assert {hit.chunk.id for hit in fused} == set(retrieval.ladders)
    assert {hit.chunk.document_id for hit in fused} == set(retrieval.documents)
    assert (retrieval.query_vector == sample_library.embedder.embed_query(QUESTION)).all()
    assert retrieval.passport == sample_library.passport
    parts = [retrieval.timings_ms[stage] for stage in ("embed", "rank", "prompt")]
    assert retrieval.timings_ms["total"] == pytest.approx(sum(parts))


def test_question_is_answered_from_the_right_document(sample_library: Library) -> None:
    """The returns policy stands first for a question about returns."""
    first = retrieve(sample_library, QUESTION, Settings()).rankings[Source.FUSED][0]
    assert sample_library.document(first.chunk.document_id).name == "returns_policy.md"


@pytest.mark.parametrize("context_chunks", [1, 5])
def test_context_is_the_head_of_the_fused_ranking(sample_library: Library, context_chunks: int) -> None:
    """As many chunks as asked for, best first, each text in the prompt."""
    retrieval = retrieve(sample_library, QUESTION, Settings(context_chunks=context_chunks))
    assert retrieval.context == retrieval.rankings[Source.FUSED][:context_chunks]
    assert all(hit.chunk.text in retrieval.prompt[-1]["content"] for hit in retrieval.context)
    assert retrieval.prompt[-1]["content"].endswith(QUESTION)


def test_without_a_reranker_there_is_no_such_stage(sample_library: Library) -> None:
    """No ranking, no score, no time, no name: the last stage is fusion."""
    retrieval = retrieve(sample_library, QUESTION, Settings())
    assert set(retrieval.rankings) == {Source.DENSE, Source.KEYWORD, Source.FUSED}
    assert retrieval.final is retrieval.rankings[Source.FUSED]
    assert set(retrieval.timings_ms) == {"embed", "rank", "prompt", "total"}
    assert retrieval.reranker is None
    assert all(ladder.rerank_score is ladder.reranked_rank is None for ladder in retrieval.ladders.values())


def test_reranked_trace_is_complete(sample_library: Library) -> None:
    """The best are in another order, each score is the sum of its shares, and the others keep their places."""
    settings = Settings(reranker="late-interaction", rerank_chunks=10)
    retrieval, fused = (
        retrieve(sample_library, QUESTION, settings),
        retrieve(sample_library, QUESTION, Settings()).final,
    )
    assert retrieval.rankings[Source.FUSED] == fused
    assert {hit.chunk.id for hit in retrieval.final[:10]} == {hit.chunk.id for hit in fused[:10]}
    assert retrieval.final[:10] != fused[:10]
    assert retrieval.final[10:] == fused[10:]
    assert retrieval.context == retrieval.final[:5]
    assert retrieval.reranker == "late-interaction"
    parts = [retrieval.timings_ms[stage] for stage in ("embed", "rank", "rerank", "prompt")]
    assert retrieval.timings_ms["total"] == pytest.approx(sum(parts))
    for hit in retrieval.final[:10]:
        ladder = retrieval.ladders[hit.chunk.id]
        assert ladder.fused_share + ladder.rerank_share == ladder.reranked_score == hit.score
        assert -1 <= ladder.rerank_score <= 1
    assert all(retrieval.ladders[hit.chunk.id].rerank_score is None for hit in fused[10:])


def test_reranker_without_weight_changes_no_order(sample_library: Library) -> None:
    """It is asked, and its scores are shown, and nothing moves."""
    retrieval = retrieve(sample_library, QUESTION, Settings(reranker="late-interaction", rerank_weight=0))
    assert [hit.chunk.id for hit in retrieval.final] == [hit.chunk.id for hit in retrieval.rankings[Source.FUSED]]


def test_query_is_one_line(sample_library: Library) -> None:
    """White space is evened out for the search; the question stays as typed."""
    retrieval = retrieve(sample_library, "  returns\n\n of\tbooks ", Settings())
    assert (retrieval.question, retrieval.query) == ("  returns\n\n of\tbooks ", "returns of books")


def test_same_question_gives_the_same_trace(sample_library: Library) -> None:
    """Runs agree to the last bit of every score."""
    one, other = (retrieve(sample_library, QUESTION, Settings()) for _ in range(2))
    assert (one.rankings, one.ladders, one.documents) == (other.rankings, other.ladders, other.documents)


def test_empty_library_has_an_empty_trace(library: Library) -> None:
    """Without documents there is a trace without candidates."""
    retrieval = retrieve(library, QUESTION, Settings())
    assert (retrieval.context, dict(retrieval.ladders), dict(retrieval.documents)) == ((), {}, {})


def test_document_removed_meanwhile_is_in_no_part_of_the_trace(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Removed after it was ranked, it is neither a hit, nor a candidate, nor in the prompt."""
    kept, removed = (library.add(name, text) for name, text in (("a.txt", b"A book."), ("b.txt", b"Another book.")))
    rank = pipeline.rank

    def rank_then_remove(*arguments: object, **options: object) -> object:
        rankings = rank(*arguments, **options)
        monkeypatch.undo()
        library.remove(removed.document_id)
        return rankings

    monkeypatch.setattr(pipeline, "rank", rank_then_remove)
    retrieval = retrieve(library, "book", Settings())
    assert set(retrieval.documents) == {hit.chunk.document_id for hit in retrieval.context} == {kept.document_id}
    assert len(retrieval.ladders) == 1


def test_repetition_is_read_once(settings: Settings) -> None:
    """The same page in two documents fills one place of the context; the trace says where else it stands."""
    page = b"# Fees\n\nFees are refundable within a month.\n"
    with Library.open(settings, FakeEmbedder()) as library:
        first = library.add("fees.md", page).document_id
        second = library.add("fees.txt", page.replace(b"# ", b"")).document_id
        library.add("other.md", page.replace(b"are refundable", b"are not refundable"))
        retrieval = retrieve(library, "are fees refundable", settings)
    assert len(retrieval.ladders) == 3
    assert len(retrieval.context) == 2
    [(kept, repeated)] = retrieval.repeated.items()
    assert {kept.partition(":")[0], repeated[0].chunk.document_id} == {first, second}


def test_diversity_prefers_the_unlike(settings: Settings) -> None:
    """Two of three chunks are nearly the same; with diversity the third comes second, without it last."""
    texts = [
        b"Harbour fees are refundable.",
        b"Harbour fees are refundable too.",
        b"Harbour opens at nine, on Sundays.",
    ]
    with Library.open(settings, FakeEmbedder()) as library:
        ids = [library.add(f"{number}.txt", text).document_id for number, text in enumerate(texts)]
        orders = []
        for diversity in (0.0, 0.9):
            chosen = settings.model_copy(update={"diversity": diversity, "context_chunks": 3})
            context = retrieve(library, "harbour fees are refundable", chosen).context
            orders.append([ids.index(hit.chunk.document_id) for hit in context])
    assert orders == [[0, 1, 2], [0, 2, 1]]
