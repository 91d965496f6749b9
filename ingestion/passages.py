"""A chunk becomes passages: small overlapping windows of whole sentences, each embedded on its own."""

import re
from textwrap import shorten

from ingestion.sentences import sentence_spans
from ingestion.tokenizer import Tokenizer
from ingestion.types import Chunk, Passage

_HEADING = re.compile(r"#{1,6} ")
_CONTEXT_LINE = 100  # characters of a title or heading: what a passage is about, not a second passage


def cut_passages(
    chunk: Chunk,
    tokenizer: Tokenizer,
    *,
    passage_tokens: int = 64,
    overlap_sentences: int = 1,
    title: str | None = None,
) -> list[Passage]:
    """Passages of at most `passage_tokens` tokens, special tokens included, that together cover the chunk.

    With `title`, the document's or "", each has its context: that title and the heading above it, in as many tokens
    more.

    A passage repeats the last `overlap_sentences` sentences of the one before it, where they fit. A heading begins a
    new one, without overlap. A sentence longer than a passage is cut between words.
    """
    text = chunk.text
    special_tokens = tokenizer.count_tokens("")
    room = max(1, passage_tokens - special_tokens)
    context_tokens = {"": 0}
    passages = []
    for section in _sections(text):
        pieces = [piece for span in section for piece in _pieces(text, span, tokenizer, room)]
        for first, last in _windows([count for _, _, count in pieces], room, overlap_sentences):
            start, end = pieces[first][0], pieces[last][1]
            is_whole = first == last  # one sentence, counted already
            tokens = pieces[first][2] + special_tokens if is_whole else tokenizer.count_tokens(text[start:end])
            context = "" if title is None else _context(title, chunk.heading_at(chunk.start + start), text[start:end])
            if context not in context_tokens:
                context_tokens[context] = len(tokenizer.token_spans(context))
            tokens += context_tokens[context]
            passages.append(Passage(chunk.id, chunk.start + start, chunk.start + end, tokens, context))
    return passages


def _context(title: str, heading: str, text: str) -> str:
    """The title and the heading that a text lacks, a line each."""
    lines = [shorten(line, _CONTEXT_LINE, placeholder=" …") for line in dict.fromkeys([title, heading])]
    return "".join(f"{line}\n" for line in lines if line and line not in text)


def _sections(text: str) -> list[list[tuple[int, int]]]:
    """The sentences, in groups that begin at headings; headings that follow each other stay together."""
    sections: list[list[tuple[int, int]]] = []
    after_heading = False
    for span in sentence_spans(text):
        is_heading = _HEADING.match(text, span[0]) is not None
        if not sections or (is_heading and not after_heading):
            sections.append([])
        sections[-1].append(span)
        after_heading = is_heading
    return sections


def _pieces(text: str, span: tuple[int, int], tokenizer: Tokenizer, room: int) -> list[tuple[int, int, int]]:
    """The sentence, or pieces of it that hold at most `room` tokens, cut before a word: start, end, tokens."""
    start, end = span
    pieces: list[tuple[int, int, int]] = []
    # subtle: the rest is tokenized anew, since a word cut in two has other tokens than the whole.
    while len(tokens := tokenizer.token_spans(text[start:end])) > room:
        limit = max(start + 1, start + tokens[room][0])
        space = max(text.rfind(" ", start + 1, limit), text.rfind("\n", start + 1, limit))
        cut = space + 1 if space > start else limit
        piece_end = start + len(text[start:cut].rstrip())
        pieces.append((start, piece_end, len(tokenizer.token_spans(text[start:piece_end]))))
        start = end - len(text[cut:end].lstrip())
    return [*pieces, (start, end, len(tokens))]


def _windows(counts: list[int], room: int, overlap: int) -> list[tuple[int, int]]:
    """First and last unit of each window: as many units as fit, then on from `overlap` units before its end."""
    windows: list[tuple[int, int]] = []
    first = 0
    while first < len(counts):
        last, total = first, counts[first]
        while last + 1 < len(counts) and total + counts[last + 1] <= room:
            last += 1
            total += counts[last]
        windows.append((first, last))
        following = last + 1
        back = max(first + 1, following - overlap)
        # Step back only as far as leaves room for a unit that the window just made did not hold.
        while following < len(counts) and back < following and sum(counts[back : following + 1]) > room:
            back += 1
        first = back if following < len(counts) else following
    return windows
