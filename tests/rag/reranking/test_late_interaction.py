"""MaxSim by hand, against a loop over pairs, and with the real model."""

from pathlib import Path

import numpy as np
import pytest

from rag.embedding import Embedder, TokenVectors, load_embedder
from rag.errors import ModelUnavailable
from rag.reranking.late_interaction import LateInteraction
from rag.settings import Settings
from tests.rag.fake_embedder import FakeEmbedder
from tests.rag.reranking.saved_models import saved_bi_encoder

PLANE = {"[CLS]": (0, 1), "tide": (2, 0), "sea": (3, 4), "quay": (0, -1), "mast": (4, -3)}


class PlaneEmbedder(FakeEmbedder):
    """Words are arrows in a plane, of several lengths; a special token stands before each text."""

    def token_vectors(self, text: str) -> TokenVectors:
        """One arrow per word of `PLANE`."""
        words = ["[CLS]", *text.split()]
        spans = (None, *((0, 1) for _ in text.split()))
        return TokenVectors(np.array([PLANE[word] for word in words], dtype=np.float32), spans)


class PooledEmbedder(FakeEmbedder):
    """A model that is not mean-pooled."""

    def token_vectors(self, text: str) -> None:
        """None, as the protocol has it."""


@pytest.mark.parametrize(
    ("query", "passage", "expected"),
    [
        ("tide", "tide", 1.0),
        ("tide", "sea", 0.6),
        ("tide", "sea mast", 0.8),
        ("tide quay", "sea mast", 0.7),
        ("sea", "quay", 0.8),
        ("quay", "", -1.0),
        ("", "tide", 0.0),
    ],
)
def test_maxsim_by_hand(query: str, passage: str, expected: float) -> None:
    """Unit arrows: tide (1, 0), sea (.6, .8), quay (0, -1), mast (.8, -.6), and [CLS] (0, 1) before each passage.

    tide·sea = .6, tide·mast = .8, tide·[CLS] = 0: of sea and mast, mast is the nearer. quay·mast = .6, so that tide
    and quay have (.8 + .6) / 2 = .7. sea·quay = -.8, but sea·[CLS] = .8: a special token of the passage counts. An
    empty passage has only that: quay·[CLS] = -1. The query's own [CLS] never counts.
    """
    assert LateInteraction(PlaneEmbedder()).scores(query, [passage]) == pytest.approx([expected], abs=1e-6)


def test_share_of_words_with_one_vector_each() -> None:
    """Where a word is like itself and like no other, the score is the part of the query's words in the passage."""
    passages = ["the harbour counts boats", "books", "fly harbour fly boats"]
    assert LateInteraction(FakeEmbedder()).scores("harbour boats fly", passages) == pytest.approx([2 / 3, 0, 1])


def test_scores_of_the_real_model_equal_a_loop(embedder: Embedder) -> None:
    """Every pair of tokens compared one by one, without matrices."""
    query, passage = "How long may I wait?", "You have thirty days. The postage is yours."
    asked, read = embedder.token_vectors(query), embedder.token_vectors(passage)
    best = []
    for row, span in zip(asked.vectors, asked.spans, strict=True):
        if span is not None:
            best.append(max(row @ other / np.sqrt((row @ row) * (other @ other)) for other in read.vectors))
    assert len(best) == 6
    [score] = LateInteraction(embedder).scores(query, [passage])
    assert score == pytest.approx(sum(best) / len(best), abs=1e-6)


def test_real_model_prefers_what_answers(embedder: Embedder) -> None:
    """A passage with the answer is above one about other things, and the question itself is above both."""
    query = "How long do I have to return a book?"
    passages = ["Parcels leave every evening.", "You may return a printed book within thirty days.", query]
    scores = LateInteraction(embedder).scores(query, passages)
    assert scores == sorted(scores)
    assert scores[-1] == pytest.approx(1, abs=1e-6)


def test_model_without_token_vectors_says_so() -> None:
    """At once, not at the first question; with the model's name and what else there is."""
    with pytest.raises(ModelUnavailable, match=r"'fake' gives no token vectors, .* or to the name of a cross-encoder"):
        LateInteraction(PooledEmbedder())


def test_other_mean_pooled_model_will_do(tmp_path: Path) -> None:
    """Any model of sentence-transformers that averages its tokens."""
    embedder = load_embedder(Settings(embedding_model=str(saved_bi_encoder(tmp_path))))
    [same, other] = LateInteraction(embedder).scores("boats", ["boats", "books a keeper"])
    assert same == pytest.approx(1, abs=1e-6)
    assert other < same
