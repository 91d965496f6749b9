"""When the library's evidence is too weak to answer from. A rule on two numbers, so that it can be calibrated."""

from dataclasses import dataclass

from rag.types import Retrieval
from rag.word_overlap import content_words, shared_part

MIN_COSINE = 0.3
"""Cosine of the best passage from which evidence is enough by meaning alone. Chosen for all-MiniLM-L6-v2: questions
about other worlds (a mountain's height, a capital) stay below, answerable ones rarely do (3 of the 90 samples). It
cannot tell an answerable question from one that the same documents just leave open: those reach .36 to .63. Models
whose cosines are high throughout (e5) never fall below it."""

MIN_WORD_SHARE = 0.6
"""Share of the question's content words in one chunk from which evidence is enough by words alone."""

REFUSAL = "The documents do not seem to answer this:"
"""How every refusal of ours begins; the reason follows."""

NOTHING_READABLE = "no sentence could be read in them"
"""The reason when passages were found that hold no sentence."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The two numbers that decide, each the best of the context's chunks."""

    cosine: float  # of the best passage with the question, -1 to 1; -1 when no passage was scored
    word_share: float  # of the question's content words, 0 to 1

    @property
    def is_weak(self) -> bool:
        """Neither meaning nor words speak for an answer."""
        return self.cosine < MIN_COSINE and self.word_share < MIN_WORD_SHARE


def evidence(retrieval: Retrieval) -> Evidence:
    """How strongly the context of `retrieval` speaks to its query."""
    ladders = (retrieval.ladders[hit.chunk.id] for hit in retrieval.context)
    cosines = [ladder.cosine for ladder in ladders if ladder.cosine is not None]
    shares = [shared_part(retrieval.query, hit.chunk.text) for hit in retrieval.context]
    return Evidence(cosine=max(cosines, default=-1.0), word_share=max(shares, default=0.0))


def refusal_reason(retrieval: Retrieval) -> str | None:
    """Why the documents do not answer, as a clause without a full stop; None when they may."""
    if not retrieval.context:
        return "nothing was found in them"
    found = evidence(retrieval)
    if not found.is_weak:
        return None
    total = len(set(content_words(retrieval.query)))
    matched = round(found.word_share * total)
    return (
        f"the closest passage has a cosine of {found.cosine:.3f}, below {MIN_COSINE:g}, "
        f"and no passage has {f'more than {matched}' if matched else 'any'} of the question's {total} main words"
    )


def is_our_refusal(answer: str, retrieval: Retrieval) -> bool:
    """True when `answer` is word for word what is said instead of an answer to `retrieval`."""
    reasons = (refusal_reason(retrieval), NOTHING_READABLE)
    return any(reason is not None and answer.strip() == refusal_text(reason) for reason in reasons)


def refusal_text(reason: str) -> str:
    """The sentence that is said instead of an answer."""
    return f"{REFUSAL} {reason}."
