"""What the terminal shows: JSON for programs, text in 80 columns for people."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from textwrap import fill, shorten
from typing import Any

from ingestion.types import Chunk
from rag.types import (
    AddReport,
    Answer,
    Citation,
    DocumentRecord,
    Explanation,
    Hit,
    Ladder,
    MatchedTerm,
    Retrieval,
    Share,
)

WIDTH = 80
INDENT = "   "
QUOTE_CHARACTERS = 400
NOT_ADDED = frozenset({"refused", "failed", "cancelled"})

_MARKDOWN_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])|\u200b")

Explained = tuple[Hit, Explanation]
Differences = Mapping[str, tuple[object, object]]  # setting -> (as built, as asked for)


def to_json(value: object) -> str:
    """One line of JSON, in ASCII: it survives every terminal's encoding."""
    return json.dumps(value, allow_nan=False)


def search_json(retrieval: Retrieval, explained: Iterable[Explained]) -> dict[str, Any]:
    """The hits with every stage's score; null where a stage did not score."""
    return {
        "query": retrieval.query,
        "hits": [hit_json(retrieval, hit, explanation) for hit, explanation in explained],
        "timings_ms": dict(retrieval.timings_ms),
    }


def hit_json(retrieval: Retrieval, hit: Hit, explanation: Explanation) -> dict[str, Any]:
    """One hit; spans are offsets in the document, the sentences are those of the best passage."""
    chunk, ladder = hit.chunk, explanation.ladder
    return {
        "rank": hit.rank,
        "score": hit.score,
        "document": retrieval.documents[chunk.document_id].name,
        "document_id": chunk.document_id,
        "chunk_id": chunk.id,
        "page": chunk.page,
        "start": chunk.start,
        "end": chunk.end,
        "text": chunk.text,
        "cosine": ladder.cosine,
        "cosine_percentile": None if ladder.cosine is None else explanation.percentile,
        "bm25": ladder.keyword_score,
        "dense_rank": ladder.dense_rank,
        "keyword_rank": ladder.keyword_rank,
        "fused_score": ladder.fused_score,
        "fused_rank": ladder.fused_rank,
        "rerank_score": ladder.rerank_score,
        "reranked_score": ladder.reranked_score,
        "reranked_rank": ladder.reranked_rank,
        "context_share": explanation.context_share if explanation.sentences else None,
        "sentences": [
            {"start": part.start, "end": part.end, "share": part.share} for part in with_context_spread(explanation)
        ],
    }


def with_context_spread(explanation: Explanation) -> list[Share]:
    """The sentences, with what title and heading add spread over them by token count: they sum to the cosine."""
    counts = [
        sum(part.start <= token.start < part.end for token in explanation.tokens) for part in explanation.sentences
    ]
    each = explanation.context_share / max(1, sum(counts))
    return [
        replace(part, share=part.share + each * count)
        for part, count in zip(explanation.sentences, counts, strict=True)
    ]


def answer_json(retrieval: Retrieval, answer: Answer) -> dict[str, Any]:
    """The answer with the spans it rests on."""
    return {
        "question": retrieval.question,
        "query": retrieval.query,
        "answer": plain(answer.text),
        "citations": [citation_json(citation) for citation in answer.citations],
        "unsupported": [plain(sentence) for sentence in answer.unsupported],
        "refusal": answer.refusal,
        "model": answer.model,
    }


def citation_json(citation: Citation) -> dict[str, Any]:
    """One citation: where the text stands that supports a sentence."""
    return {
        "document": citation.document,
        "page": citation.page,
        "start": citation.start,
        "end": citation.end,
        "text": citation.text,
    }


def report_text(report: AddReport, status: str | None = None) -> str:
    """What became of one file: its size in our units, or why it was not added. `status` stands for the report's."""
    if report.status in NOT_ADDED:
        return fill(f"{report.status}: {printable(report.message)}", WIDTH, subsequent_indent=INDENT)
    line = f"{status or report.status}: {printable(report.file)} ({counted(report.pages, 'page')}, "
    line += f"{counted(report.chunks, 'chunk')}, {counted(report.tokens, 'token')}, {report.seconds:.1f} s)"
    if report.unread_tokens:
        line += f"; {counted(report.unread_tokens, 'token')} not read by the model"
    if report.message:
        line += f": {printable(report.message)}"
    return fill(line, WIDTH, subsequent_indent=INDENT)


def add_summary(reports: Sequence[AddReport]) -> str:
    """How many files came to which end: "2 added, 1 refused"."""
    statuses = [report.status for report in reports]
    return ", ".join(f"{statuses.count(status)} {status}" for status in dict.fromkeys(statuses))


def records_text(records: Sequence[DocumentRecord]) -> str:
    """The documents as a table, or what to do when there is none."""
    if not records:
        return "The library is empty. Add documents with: cli.py add PATH"
    lines = [f"{'ID':16}  {'NAME':24}  {'PAGES':>5}  {'CHUNKS':>6}  {'TOKENS':>9}  ADDED"]
    for record in records:
        name = short(record.name, 24)
        counts = f"{record.pages:>5,}  {record.chunks:>6,}  {record.tokens:>9,}"
        lines.append(f"{record.id:16}  {name:24}  {counts}  {record.added_at[:10]}")
    return "\n".join(lines)


def search_text(retrieval: Retrieval, explained: Sequence[Explained]) -> str:
    """The hits, each with the reason why it was found."""
    if not explained:
        return "Nothing was found. Is the library empty? See: cli.py list"
    blocks = [hit_text(retrieval, hit, explanation) for hit, explanation in explained]
    return "\n\n".join([*blocks, f"Searched in {retrieval.timings_ms['total']:.0f} ms."])


def hit_text(retrieval: Retrieval, hit: Hit, explanation: Explanation) -> str:
    """One hit: where it stands, the words that count most, and each stage's verdict."""
    ladder, document = explanation.ladder, retrieval.documents[hit.chunk.document_id]
    lines = [f"{hit.rank}. {place(document.name, hit.chunk.page, hit.chunk.heading)}", ""]
    lines += [quoted(strongest(explanation, hit.chunk.text)), ""]
    lines += score_lines(ladder, retrieval.reranker)
    if ladder.cosine is None:
        lines.append(f"{INDENT}meaning  not scored")
    else:
        above = f"above {explanation.percentile:.0f}% of {counted(explanation.percentile_sample, 'chunk')}"
        lines.append(f"{INDENT}meaning  cosine {ladder.cosine:.3f}, {above}, {ranked(ladder.dense_rank)}")
    if ladder.keyword_score is None:
        lines.append(f"{INDENT}words    none of the query's words")
    else:
        lines.append(f"{INDENT}words    BM25 {ladder.keyword_score:.2f}, {ranked(ladder.keyword_rank)}")
        lines.append(fill(matched(explanation), WIDTH, initial_indent=INDENT, subsequent_indent=INDENT * 4))
    return "\n".join(lines)


def score_lines(ladder: Ladder, reranker: str | None) -> list[str]:
    """The score that gave a hit its place, as the sum that it is; before it the reranker's, where one ran."""
    fused = f"{ladder.fused_score:.3f} = meaning {ladder.dense_share:.3f} + words {ladder.keyword_share:.3f}"
    if reranker is None:
        return [f"{INDENT}score    {fused}"]
    name = short(reranker, 40)
    if ladder.fused_share is None or ladder.rerank_share is None:
        return [f"{INDENT}score    {fused}", f"{INDENT}reranker not scored by {name}"]
    return [
        f"{INDENT}score    {ladder.reranked_score:.3f} = fused {ladder.fused_share:.3f} + "
        f"reranker {ladder.rerank_share:.3f}",
        f"{INDENT}reranker {ladder.rerank_score:.3g} by {name}",
        f"{INDENT}fused    {fused}, {ranked(ladder.fused_rank)}",
    ]


def strongest(explanation: Explanation, otherwise: str) -> str:
    """The sentence of the best passage that adds most to the cosine."""
    sentence = max(explanation.sentences, key=share_of, default=None)
    return sentence.text if sentence else otherwise


def share_of(part: Share) -> float:
    """What a part adds."""
    return part.share


def matched(explanation: Explanation) -> str:
    """The matched words as the chunk has them, those that weigh most first."""
    best_first = sorted(explanation.matched_terms, key=lambda term: -term.share)
    return "matched  " + ", ".join(f"{as_found(term, explanation.chunk)} {term.share:.2f}" for term in best_first)


def as_found(term: MatchedTerm, chunk: Chunk) -> str:
    """The first word of the chunk that a term (a stem) stands for: `postag` -> `postage`."""
    words = [chunk.text[start - chunk.start : end - chunk.start] for start, end in term.spans]
    return printable(words[0].lower() if words else term.term)


def ranked(rank: int | None) -> str:
    """A rank in words."""
    return "not ranked" if rank is None else f"rank {rank}"


def answer_text(answer: Answer) -> str:
    """What follows a streamed answer: its citations, what nothing supports, and who spoke."""
    lines = [""]
    if answer.refusal:
        lines += ["", fill(f"Not answered: {printable(answer.refusal)}", WIDTH)]
    for citation in answer.citations:
        lines += ["", f"[{citation.number}] {place(citation.document, citation.page, citation.heading)}"]
        lines.append(quoted(citation.text))
    for sentence in answer.unsupported:
        lines += ["", fill(f"No passage supports: {printable(plain(sentence))}", WIDTH, subsequent_indent=INDENT)]
    return "\n".join([*lines, "", f"Answered by: {printable(answer.model)}"])


def differences_text(differences: Differences) -> str:
    """What an index was built with and the settings ask otherwise, in one sentence."""
    return " and ".join(f"{key} {there}, not {asked}" for key, (there, asked) in short_values(differences))


def differences_table(differences: Differences) -> str:
    """The same, one a line: "passage_tokens  64 -> 32"."""
    width = max(map(len, differences))
    return "\n".join(f"{key:{width}}  {there} -> {asked}" for key, (there, asked) in short_values(differences))


def short_values(differences: Differences) -> Iterator[tuple[str, tuple[str, str]]]:
    """The differences with values that fit a line; a fingerprint of a model does not."""
    for key, (there, asked) in differences.items():
        yield key, (short(str(there), 24), short(str(asked), 24))


def rebuild_text(documents: int, kept: int) -> str:
    """What a rebuild that came to its end has done."""
    earlier = f"; {kept:,} of them had been done before" if kept else ""
    return f"Rebuilt {counted(documents, 'document')}{earlier}."


def doctor_text(documents: int | None, repairs: Sequence[str], faults: Sequence[str]) -> str:
    """What was mended and what could not be. `documents` is None when they could not be counted."""
    lines = [f"mended: {printable(repair)}" for repair in repairs]
    lines += [f"not mended: {printable(fault)}" for fault in faults]
    looked = "The library could not be read." if documents is None else f"{counted(documents, 'document')} checked"
    if documents is not None:
        looked += f": {len(repairs)} mended, {len(faults)} not mended." if lines else ": everything is whole."
    return "\n".join([fill(line, WIDTH, subsequent_indent=INDENT) for line in lines] + [looked])


def backup_text(target: Path, documents: int, size_bytes: int) -> str:
    """What a backup holds and how to put it back."""
    line = f"Backed up {counted(documents, 'document')} to {printable(str(target))} ({size_bytes / 1e6:.1f} MB)."
    return f"{line}\nTo put it back: cli.py restore {printable(str(target))} --data NEW_FOLDER"


def place(document: str, page: int | None, heading: str) -> str:
    """Where a text stands: file, page, headings, in one line."""
    parts = [printable(document)] + ([f"page {page}"] if page is not None else [])
    return shorten(", ".join(parts) + (f" › {printable(heading)}" if heading else ""), WIDTH - 5, placeholder=" …")


def quoted(text: str) -> str:
    """A text as an indented quotation, cut where it is long."""
    cut = shorten(printable(text), QUOTE_CHARACTERS, placeholder=" …")
    return fill(f"“{cut}”", WIDTH, initial_indent=INDENT, subsequent_indent=INDENT)


def counted(count: int, noun: str) -> str:
    """A number with its noun: `1 page`, `1,200 tokens`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def short(name: str, width: int) -> str:
    """A name in at most `width` characters."""
    name = printable(name)
    return name if len(name) <= width else f"{name[: width - 1]}…"


def printable(text: str) -> str:
    """The text in one line, without what could steer a terminal."""
    return "".join(character if character.isprintable() else "�" for character in " ".join(text.split()))


def plain(markdown: str) -> str:
    r"""Text whose characters were escaped for Markdown, as it was: `2 \* 3` -> `2 * 3`."""
    return _MARKDOWN_ESCAPE.sub(r"\1", markdown)


def wrapped(pieces: Iterable[str]) -> Iterator[str]:
    """A stream broken into lines of 80 columns, each word as soon as it is whole."""
    column, word = 0, ""
    for character in chain(chain.from_iterable(pieces), " "):
        if not character.isspace():
            word += character
            continue
        word = printable(plain(word))
        if column and column + len(word) + 1 > WIDTH:
            yield "\n"
            column = 0
        yield f" {word}" if column and word else word
        column += len(word) + bool(column and word)
        word = ""
        if character == "\n":
            yield "\n"
            column = 0


def settings_error(errors: Iterable[Mapping[str, Any]]) -> str:
    """What is wrong with the settings, one sentence each."""
    return " ".join(f"{'.'.join(map(str, error['loc']))} is {error['input']!r}: {error['msg']}." for error in errors)
