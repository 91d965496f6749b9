"""An answer as it is read: its words, the marks of its citations, and a word on what is not supported."""

import re
from collections.abc import Sequence

import streamlit as st

from rag.quoting import QuotingModel
from rag.types import Answer
from ui.components.plain import calm_markdown, plain

MARK = re.compile(r"[ \t]*(?<!\\)\[(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\]")
CALMED_MARK = re.compile(r"\\\[([\d,; ]+)\\\]")
UNSUPPORTED_WORDS = "not supported"
UNSUPPORTED = f" :orange-badge[{UNSUPPORTED_WORDS}]"


def calm_with_marks(text: str) -> str:
    """The text as harmless markdown, its [n] in the colour of links."""
    return CALMED_MARK.sub(lambda mark: f":blue[**{mark.group()}**]", calm_markdown(text))


def ends_of(sentences: Sequence[str], text: str) -> list[int]:
    """Where each of the sentences ends in `text`, behind its marks: the sentences themselves come without marks."""
    places: list[int] = []  # in the text, of each letter that belongs to no mark
    last = 0
    for mark in MARK.finditer(text):
        places.extend(range(last, mark.start()))
        last = mark.end()
    places.extend(range(last, len(text)))
    bare = "".join(text[place] for place in places)
    ends, position = [], 0
    for sentence in sentences:
        found = bare.find(sentence, position)
        if found < 0 or not sentence:
            continue
        position = found + len(sentence)
        end = places[position - 1] + 1
        mark_behind = MARK.match(text, end)
        ends.append(mark_behind.end() if mark_behind else end)
    return ends


def answer_markdown(answer: Answer) -> str:
    """The answer with a word after each sentence that nothing supports."""
    parts, position = [], 0
    for end in ends_of(answer.unsupported, answer.text):
        parts.append(calm_with_marks(answer.text[position:end]) + UNSUPPORTED)
        position = end
    return "".join(parts) + calm_with_marks(answer.text[position:])


def speaker(answer: Answer) -> str:
    """Who is speaking, as markdown."""
    if not answer.model:
        return ""
    if answer.model == QuotingModel.name and answer.refusal:
        return "No language model was asked."
    if answer.model == QuotingModel.name:
        return "Answered by quoting: sentences of your documents, word for word. No language model was asked."
    marked = f" No cited passage says what is marked *{UNSUPPORTED_WORDS}*." if answer.unsupported else ""
    return f"Answered by {plain(answer.model)}.{marked}"


def show_answer(answer: Answer) -> None:
    """Draws the answer, or the refusal with its reason."""
    if answer.refusal and answer.refusal in answer.text:
        st.warning(plain(answer.text, length=900), icon=":material/search_off:")
        return
    if answer.text:
        st.markdown(answer_markdown(answer))
    if answer.refusal:
        reason = answer.refusal[:1].upper() + answer.refusal[1:]
        st.warning(plain(reason, length=900), icon=":material/search_off:")
