"""Which reranker a name means, and that it is loaded once."""

from pathlib import Path

import pytest

from rag.errors import ModelUnavailable
from rag.reranking import Rerankers, load_reranker
from rag.settings import Settings
from tests.rag.fake_embedder import FakeEmbedder
from tests.rag.reranking.saved_models import saved_model

LATE = Settings(reranker="late-interaction")


def test_none_is_none() -> None:
    """The default: nothing is loaded."""
    assert load_reranker(Settings(), FakeEmbedder()) is None
    assert not Settings().has_reranker


def test_names_mean_what_they_say(tmp_path: Path) -> None:
    """Late interaction by its name, a cross-encoder by its folder."""
    assert load_reranker(LATE, FakeEmbedder()).name == "late-interaction"
    folder = saved_model(tmp_path / "tiny")
    assert load_reranker(Settings(reranker=str(folder)), FakeEmbedder()).name == "tiny"


def test_last_cross_encoder_is_held(tmp_path: Path) -> None:
    """It is loaded once, also when other questions want none or late interaction, and whatever the embedder."""
    held, settings = Rerankers(), Settings(reranker=str(saved_model(tmp_path / "tiny")))
    first = held.get(settings, FakeEmbedder())
    assert held.get(Settings(), FakeEmbedder()) is None
    assert held.get(LATE, FakeEmbedder()).name == "late-interaction"
    assert held.get(settings, FakeEmbedder()) is first


def test_failure_is_not_held(tmp_path: Path) -> None:
    """A folder that was empty is tried again; until then the one before it stays for those who want it."""
    held, embedder, folder = Rerankers(), FakeEmbedder(), tmp_path / "second"
    settings = Settings(reranker=str(saved_model(tmp_path / "first")))
    first, other = held.get(settings, embedder), Settings(reranker=str(folder))
    with pytest.raises(ModelUnavailable, match="could not be loaded"):
        held.get(other, embedder)
    assert held.get(settings, embedder) is first
    saved_model(folder)
    assert held.get(other, embedder).name == "second"
