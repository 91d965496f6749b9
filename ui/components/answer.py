"""An answer as it is read: its words, the marks of its citations, and a word on what is not supported."""

import re

import streamlit as st

from rag.quoting import QuotingModel
from rag.types import Answer
from ui.components.plain import calm_markdown, plain

MARK = re.compile(r"\[(\d+)\]")
UNSUPPORTED_WORDS = "not supported"
UNSUPPORTED = f" :orange-badge[{UNSUPPORTED_WORDS}]"


def calm_with_marks(text: str, numbers: frozenset[int]) -> str:
    """The text as harmless markdown, with the [n] of real citations in the accent colour."""
    calmed = calm_markdown(text)
    return re.sub(
        r"\\\[(\d+)\\\]",
        lambda mark: f":primary[**{mark.group(0)}**]" if int(mark.group(1)) in numbers else mark.group(0),
        calmed,
    )


def answer_markdown(answer: Answer) -> str:
    """The answer with a word after each sentence that nothing supports."""
    numbers = frozenset(citation.number for citation in answer.citations)
    parts, position = [], 0
    for sentence in answer.unsupported:
        found = answer.text.find(sentence, position)
        if found >= 0:
            end = found + len(sentence)
            parts.append(calm_with_marks(answer.text[position:end], numbers) + UNSUPPORTED)
            position = end
    return "".join(parts) + calm_with_marks(answer.text[position:], numbers)


def speaker(answer: Answer) -> str:
    """Who is speaking, as markdown."""
    if not answer.model:
        return ""
    if answer.model == QuotingModel.name:
        return "Answered by quoting: sentences of your documents, word for word. No language model was asked."
    marked = (
        f" Sentences marked *{UNSUPPORTED_WORDS}* are its own." if answer.unsupported and not answer.refusal else ""
    )
    return f"Answered by {plain(answer.model)}.{marked}"


def show_answer(answer: Answer) -> None:
    """Draws the answer, or the refusal with its reason."""
    if answer.refusal:
        st.warning(plain(answer.refusal, length=600), icon=":material/do_not_disturb_on:")
    if answer.text:
        st.markdown(answer_markdown(answer))
