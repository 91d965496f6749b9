"""Why one chunk matched: its scores, what they are made of, and the words that made them."""

import streamlit as st

from rag.types import Explanation, Ladder
from ui.components.bars import Bar, Segment, axis_over, show_bars
from ui.components.marked_text import legend_html, marked_html, show_marked_text
from ui.components.plain import plain

NOT_SCORED = "not scored"
AROUND_LETTERS = 160


def score_table(ladder: Ladder, reranker: str | None = None) -> str:
    """The score of each stage with its rank, as a markdown table; the last stage that scored the chunk is bold."""

    def cell(number: float | None, digits: int) -> str:
        return NOT_SCORED if number is None else f"{number:.{digits}f}"

    def rank(place: int | None) -> str:
        return "–" if place is None else str(place)

    rows: list[tuple[str, ...]] = [
        ("Meaning: cosine", cell(ladder.cosine, 3), rank(ladder.dense_rank)),
        ("Words: BM25", cell(ladder.keyword_score, 2), rank(ladder.keyword_rank)),
        ("Fused", f"{ladder.fused_score:.3f}", rank(ladder.fused_rank)),
    ]
    last = "Fused"
    if reranker is not None:
        raw = NOT_SCORED if ladder.rerank_score is None else f"{ladder.rerank_score:.3g}"
        rows.append((f"Reranker: {plain(reranker, length=40)}", raw, rank(None)))
    if ladder.reranked_score is not None:
        last = "Reranked"
        rows.append((last, cell(ladder.reranked_score, 3), rank(ladder.reranked_rank)))
    rows = [tuple(f"**{text}**" for text in row) if row[0] == last else row for row in rows]
    return "\n".join(["| | score | rank |", "|:--|--:|--:|", *(f"| {' | '.join(row)} |" for row in rows)])


def fusion_bar(ladder: Ladder) -> Bar:
    """The two shares end to end: together they are the fused score."""
    dense, keyword = ladder.dense_share, ladder.keyword_share
    segments = (Segment(0, dense, "accent"), Segment(dense, dense + keyword, "second"))
    note = f"{dense:.3f} from meaning + {keyword:.3f} from words"
    return Bar("Fused score", f"{ladder.fused_score:.3f}", segments, note)


def reranking_bar(fused: float, rerank: float) -> Bar:
    """The two shares end to end: together they are the reranked score."""
    segments = (Segment(0, fused, "accent"), Segment(fused, fused + rerank, "second"))
    note = f"{fused:.3f} from the fused score + {rerank:.3f} from the reranker"
    return Bar("Reranked score", f"{fused + rerank:.3f}", segments, note)


def passage_words(explanation: Explanation) -> str:
    """What the best passage is worth, in a sentence."""
    cosine, without = explanation.best_passage.cosine, explanation.cosine_without
    if without is None:
        return f"The chunk scores {cosine:.3f}. It has no other passage."
    return f"The underlined passage scores {cosine:.3f}. Without it the chunk would score {without:.3f}."


def excerpt(explanation: Explanation) -> tuple[str, int]:
    """The passage with a little of its chunk around it, cut between words, and where that begins in the document."""
    chunk, passage = explanation.chunk, explanation.best_passage.passage
    start = max(chunk.start, passage.start - AROUND_LETTERS)
    end = min(chunk.end, passage.end + AROUND_LETTERS)
    if start > chunk.start:
        start = (
            chunk.start + chunk.text.find(" ", start - chunk.start, passage.start - chunk.start) + 1 or passage.start
        )
    if end < chunk.end:
        end = chunk.start + chunk.text.rfind(" ", passage.end - chunk.start, end - chunk.start)
    end = max(end, passage.end)
    return chunk.text[start - chunk.start : end - chunk.start], start


def show_passage(explanation: Explanation) -> None:
    """The best passage where it stands in its chunk, its words shaded by their shares."""
    passage = explanation.best_passage.passage
    chunk = explanation.chunk
    text, start = excerpt(explanation)
    before = "… " if start > chunk.start else ""
    after = " …" if start + len(text) < chunk.end else ""
    st.markdown(f":small[**Best passage.** {plain(passage_words(explanation), length=400)}]")
    with st.container(border=True):
        show_marked_text(
            marked_html(
                before + text + after,
                start=start - len(before),
                framed=[(passage.start, passage.end)],
                words=explanation.words,
                compact=True,
            )
        )
    if explanation.words:
        show_marked_text(legend_html(max(abs(word.share) for word in explanation.words)))


def show_sentences(explanation: Explanation, *, key: str) -> None:
    """The sentences of the passage with their signed shares, which add up to its cosine."""
    if not explanation.sentences:
        st.caption("This model's cosine cannot be split into words: only the passage is known.")
        return
    shares = [(sentence.text, sentence.share) for sentence in explanation.sentences]
    if context := explanation.best_passage.passage.context:
        shares.insert(0, (f"Title and heading: {' › '.join(context.splitlines())}", explanation.context_share))
    axis = axis_over([share for _, share in shares], digits=3, zero=True)
    bars = [
        Bar(
            text,
            f"{share:+.3f}".replace("-", "\N{MINUS SIGN}"),
            (Segment(0, share, "adds" if share >= 0 else "takes"),),
        )
        for text, share in shares
    ]
    st.markdown(":small[**Its sentences,** each with its share of the cosine]")
    show_bars(bars, axis, key=key)
    total = sum(share for _, share in shares)
    residual = f"{explanation.residual:.1e}"
    st.caption(plain(f"The shares add up to {total:.3f}; what is left unexplained is {residual}."))


def show_terms(explanation: Explanation, *, key: str) -> None:
    """The words of the question found in the chunk, with their parts of the BM25 score."""
    if not explanation.matched_terms:
        st.caption("No word of the question stands in this chunk.")
        return
    terms = sorted(explanation.matched_terms, key=lambda term: -term.share)
    axis = axis_over([term.share for term in terms], digits=2, zero=True)
    bars = [
        Bar(f"{term.term} ({len(term.spans)}×)", f"{term.share:.2f}", (Segment(0, term.share, "second"),))
        for term in terms
    ]
    st.markdown(":small[**Matched words,** each with its share of the BM25 score]")
    show_bars(bars, axis, key=key)


def show_why(explanation: Explanation, reranker: str | None, *, key: str) -> None:
    """The whole explanation of one chunk; `reranker` is the name of the one that ran, if any."""
    ladder = explanation.ladder
    st.markdown(score_table(ladder, reranker))
    show_bars([fusion_bar(ladder)], axis_over([ladder.fused_score], digits=3, zero=True), key=f"{key}-fusion")
    if ladder.fused_share is not None and ladder.rerank_share is not None:
        bar = reranking_bar(ladder.fused_share, ladder.rerank_share)
        axis = axis_over([ladder.fused_share + ladder.rerank_share], digits=3, zero=True)
        show_bars([bar], axis, key=f"{key}-reranking")
    show_passage(explanation)
    show_sentences(explanation, key=f"{key}-sentences")
    show_terms(explanation, key=f"{key}-terms")
