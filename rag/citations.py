"""What of an answer holds: the span behind each of its marks, and the sentences that no span supports."""

import re
from collections.abc import Mapping, Sequence

from rag.claims import Claim, drop_invented_marks, split_claims
from rag.embedding.embedder import Embedder
from rag.plain_markdown import without_links
from rag.prompting import NOT_FOUND
from rag.refusal import REFUSAL, is_our_refusal
from rag.support import CitedChunk, Support
from rag.types import Answer, Citation, Retrieval
from rag.written_numbers import stated_numbers, written_numbers

SUPPORT_THRESHOLD = 0.45
"""Score of `rag.support` from which a span supports a sentence."""

MODEL_REFUSAL = "the model found no answer in the passages"
"""The reason given when an endpoint's model says that the passages do not answer."""

_PASSAGES = r"\b(?:passages?|documents?|context|sources?|excerpts?)\b"
_NOT_FOUND = re.compile(
    re.escape(NOT_FOUND.rstrip(".")) + rf"|{_PASSAGES}[^.!?]{{0,40}}(?:\b(?:not|cannot|never)|n['’]t)\b[^.!?]{{0,30}}"
    r"\b(?:answer|contain|mention|say|provide|include|state|specify|cover|address|discuss)"
    rf"|(?:\b(?:no|not|cannot)|n['’]t)\b[^.!?]{{0,60}}\b(?:answer|information|mention(?:ed)?|found|find|said|stated)\b"
    rf"[^.!?]{{0,40}}{_PASSAGES}",
    re.IGNORECASE,
)
_GOES_ON = re.compile(r"\d|\b(?:but|however|although|though|generally|usually|typically)\b", re.IGNORECASE)


def check_answer(text: str, retrieval: Retrieval, embedder: Embedder, *, model: str) -> Answer:
    """The answer with the span behind each of its marks, in the order of the text, and what no span supports.

    Marks of passages that were not shown are dropped from the text; links, pictures and HTML are made inert.
    A sentence is unsupported without a mark, when its best span scores under SUPPORT_THRESHOLD, or when it states a
    number that none of its passages does. One mark may stand behind several sentences quoted verbatim. Headings,
    and sentences that only say what is not in the passages, need no mark.
    """
    if is_our_refusal(text, retrieval):
        return Answer(text, (), (), text.strip().removeprefix(REFUSAL).strip(" ."), model)
    shown = drop_invented_marks(without_links(text), len(retrieval.context))
    plain, claims = split_claims(shown)
    cited = {
        number: CitedChunk(retrieval.context[number - 1].chunk, embedder)
        for number in {number for claim in claims for number in claim.numbers}
    }
    citations: list[Citation] = []
    unsupported: list[str] = []
    waiting: list[Claim] = []  # unmarked sentences that the next mark may quote
    for claim in claims:
        if not claim.numbers:
            waiting.append(claim)
            continue
        quoted, supports = _supports(claim, waiting, plain, cited)
        unsupported.extend(_unmarked(waiting[: len(waiting) - quoted]))
        waiting = []
        citations.extend(_citation(number, support, retrieval) for number, support in supports.items())
        if not _is_supported(claim, supports, retrieval):
            unsupported.append(claim.text)
    unsupported.extend(_unmarked(waiting))
    says_not_found = not citations and any(_NOT_FOUND.search(claim.text) for claim in claims)
    refusal = MODEL_REFUSAL if says_not_found else None
    return Answer(shown, tuple(citations), tuple(unsupported), refusal, model)


def _supports(
    claim: Claim, waiting: Sequence[Claim], plain: str, cited: Mapping[int, CitedChunk]
) -> tuple[int, dict[int, Support]]:
    """How many of the `waiting` sentences are quoted together with `claim`, and the best span in each cited chunk."""
    together = [before for before in waiting if before.paragraph == claim.paragraph]
    for quoted in range(len(together), -1, -1):
        start = together[-quoted].start if quoted else claim.start
        found = {number: cited[number].verbatim(plain[start : claim.end]) for number in claim.numbers}
        if any(found.values()):
            return quoted, {number: span or cited[number].closest(claim.text) for number, span in found.items()}
    return 0, {number: cited[number].closest(claim.text) for number in claim.numbers}


def _is_supported(claim: Claim, supports: Mapping[int, Support], retrieval: Retrieval) -> bool:
    if max(support.score for support in supports.values()) < SUPPORT_THRESHOLD:
        return False
    known: set[str] = set()
    for number in supports:
        chunk = retrieval.context[number - 1].chunk
        name = retrieval.documents[chunk.document_id].name
        known |= stated_numbers(f"{chunk.text}\n{chunk.heading}\n{name}\n{chunk.page or ''}")
    return written_numbers(claim.text) <= known


def _unmarked(claims: Sequence[Claim]) -> list[str]:
    """The texts of `claims` that would have needed a mark."""
    return [claim.text for claim in claims if not _says_not_found(claim.text)]


def _says_not_found(sentence: str) -> bool:
    """True of a sentence that says what is not in the passages, and nothing else."""
    return bool(_NOT_FOUND.search(sentence)) and not _GOES_ON.search(sentence)


def _citation(number: int, support: Support, retrieval: Retrieval) -> Citation:
    chunk = retrieval.context[number - 1].chunk
    name = retrieval.documents[chunk.document_id].name
    return Citation.of(number, chunk, name, chunk.start + support.start, chunk.start + support.end)
