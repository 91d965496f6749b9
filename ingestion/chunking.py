"""A document becomes chunks: windows of at most so many tokens, cut where the text itself pauses.

Home of langchain_text_splitters. Its splitter is used without overlap and without stripping, so that its pieces
laid end to end are the text again and their offsets are a running sum: its own `start_index` is wrong for lengths
counted in tokens (measured: 37 of 125 chunks).
"""

import re
from itertools import pairwise

from langchain_text_splitters import RecursiveCharacterTextSplitter

from ingestion.sentences import sentence_spans
from ingestion.tokenizer import Tokenizer
from ingestion.types import Chunk, Document

CHUNKER_VERSION = 2
_SEPARATORS = [
    *(rf"\n(?={'#' * level} )" for level in range(1, 7)),  # headings, highest first
    r"\n\n+",  # paragraphs
    r"\n",
    r"(?<=[.!?…])\s+",  # sentences
    r"(?<=[。！？])",
    r"\s+",
    "",
]
# A word longer than the model's vocabulary can hold is one [UNK] token however long it is; this keeps a window
# readable all the same, and never binds in prose (4 to 5 characters a token).
_MAX_CHARACTERS_PER_TOKEN = 16


def cut_chunks(
    document: Document, tokenizer: Tokenizer, *, chunk_tokens: int = 512, overlap_tokens: int = 0
) -> list[Chunk]:
    """Chunks of at most `chunk_tokens` tokens, special tokens included, in reading order.

    `document.text[chunk.start:chunk.end] == chunk.text` for each, and every character that is not white space is
    in at least one. A chunk begins up to `overlap_tokens` inside its predecessor: at a sentence, or
    else at a word.
    """
    if not 0 <= overlap_tokens < chunk_tokens // 2:
        raise ValueError(f"an overlap of {overlap_tokens} tokens needs windows of over twice that, not {chunk_tokens}")
    window = _Window(tokenizer, chunk_tokens)
    spans = _stripped(document.text, _split(document.text, window, chunk_tokens - overlap_tokens))
    if overlap_tokens:
        spans = spans[:1] + [
            _extended(document.text, left, right, window, overlap_tokens) for left, right in pairwise(spans)
        ]
    return [_chunk(document, start, end, tokenizer) for start, end in spans]


class _Window:
    """Decides whether a text fits a chunk."""

    def __init__(self, tokenizer: Tokenizer, chunk_tokens: int) -> None:
        self.tokenizer = tokenizer
        self.chunk_tokens = chunk_tokens
        self.special_tokens = tokenizer.count_tokens("")

    def length(self, text: str) -> int:
        """Tokens of `text` without special ones, or more if it is unusually long in characters."""
        fewest = -(-len(text) // _MAX_CHARACTERS_PER_TOKEN)
        if fewest > self.chunk_tokens:
            return fewest  # too long however many they are: counting them all takes time
        return max(fewest, self.tokenizer.count_tokens(text) - self.special_tokens)

    def fits(self, text: str) -> bool:
        return self.length(text) + self.special_tokens <= self.chunk_tokens


def _split(text: str, window: _Window, size_tokens: int) -> list[tuple[int, int]]:
    splitter = RecursiveCharacterTextSplitter(
        separators=_SEPARATORS,
        is_separator_regex=True,
        keep_separator="start",
        strip_whitespace=False,
        chunk_size=max(1, size_tokens - window.special_tokens),
        chunk_overlap=0,
        length_function=window.length,
    )
    spans = []
    start = 0
    for piece in splitter.split_text(text):
        spans.append((start, start + len(piece)))
        start += len(piece)
    if start != len(text):
        raise RuntimeError(f"the splitter returned {start} of {len(text)} characters")
    return [part for span in spans for part in _halved(text, *span, window)]


def _halved(text: str, start: int, end: int, window: _Window) -> list[tuple[int, int]]:
    """The span, or its halves where the tokens of a whole are more than those of its parts."""
    if end - start < 2 or window.fits(text[start:end]):
        return [(start, end)]
    middle = (start + end) // 2
    return [*_halved(text, start, middle, window), *_halved(text, middle, end, window)]


def _stripped(text: str, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    stripped = []
    for start, end in spans:
        piece = text[start:end]
        lead, trail = len(piece) - len(piece.lstrip()), len(piece) - len(piece.rstrip())
        if lead < len(piece):
            stripped.append((start + lead, end - trail))
    return stripped


def _extended(
    text: str, previous: tuple[int, int], span: tuple[int, int], window: _Window, overlap_tokens: int
) -> tuple[int, int]:
    start, end = span
    tail_start = max(previous[0], start - overlap_tokens * _MAX_CHARACTERS_PER_TOKEN)
    tail = text[tail_start:start]
    tokens = [begin for begin, _ in window.tokenizer.token_spans(tail)[-overlap_tokens:]]
    sentences = [begin for begin, _ in sentence_spans(tail)]
    words = [match.start() for match in re.finditer(r"(?<!\S)\S", tail)]
    most = overlap_tokens + window.special_tokens
    for begin in [*sentences, *words, *tokens]:
        # subtle: cut inside a word, the tail may have more tokens than it had there, so it is counted anew.
        if tokens and begin >= tokens[0] and window.tokenizer.count_tokens(tail[begin:]) <= most:
            longer = (tail_start + begin, end)
            return longer if window.fits(text[slice(*longer)]) else span
    return span


def _chunk(document: Document, start: int, end: int, tokenizer: Tokenizer) -> Chunk:
    text = document.text[start:end]
    return Chunk(
        document_id=document.id,
        text=text,
        start=start,
        end=end,
        page=document.page_at(start),
        heading=document.heading_at(start),
        token_count=tokenizer.count_tokens(text),
        later_pages=tuple(page for page in document.pages if start < page.start < end),
    )
