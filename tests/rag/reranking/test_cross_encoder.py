"""A cross-encoder against transformers alone, and the models that only look like one."""

import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rag.errors import ModelUnavailable
from rag.reranking.cross_encoder import CrossEncoderReranker
from tests.egress import ROOT, departures, output_of, recorded
from tests.rag.reranking.saved_models import saved_bi_encoder, saved_model

QUERY = "the harbour master"
PASSAGES = ["books", "the lighthouse keeper counts boats", "a keeper of books " * 40]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cross-encoder with one score."""
    return saved_model(tmp_path_factory.mktemp("cross") / "tiny")


@pytest.fixture(scope="module")
def tiny(folder: Path) -> CrossEncoderReranker:
    """That model, loaded."""
    return CrossEncoderReranker(str(folder))


def test_scores_are_those_of_the_model(tiny: CrossEncoderReranker, folder: Path) -> None:
    """Question and passage go in as a pair, cut to the window; the sigmoid of the one logit comes out, in order."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    expected = []
    for passage in PASSAGES:
        pair = tokenizer(QUERY, passage, truncation=True, max_length=64, return_tensors="pt")
        with torch.no_grad():
            expected.append(float(torch.sigmoid(model(**pair).logits[0, 0])))
    assert tiny.scores(QUERY, PASSAGES) == pytest.approx(expected, abs=1e-5)
    assert len({round(score, 4) for score in expected}) == 3


def test_no_passages_have_no_scores(tiny: CrossEncoderReranker) -> None:
    """Where nothing was found there is nothing to read."""
    assert tiny.scores(QUERY, []) == []


def test_folder_is_called_by_its_name(tiny: CrossEncoderReranker) -> None:
    """The place of a folder is nobody's business."""
    assert tiny.name == "tiny"


def test_several_threads_ask_at_once(tiny: CrossEncoderReranker) -> None:
    """Each tab gets the scores of its own question."""
    alone = {passage: tiny.scores(QUERY, [passage]) for passage in PASSAGES}
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda passage: (passage, tiny.scores(QUERY, [passage])), PASSAGES * 8))
    assert all(scores == pytest.approx(alone[passage]) for passage, scores in together)


@pytest.mark.parametrize(
    ("save", "complaint"),
    [
        (saved_bi_encoder, "was not trained to compare two texts"),
        (lambda folder: saved_model(folder, "Model"), "was not trained to compare two texts"),
        (lambda folder: saved_model(folder, "MaskedLM"), "was not trained to compare two texts"),
        (lambda folder: saved_model(folder, labels=3), "gives 3 scores for a question and a passage"),
        (lambda folder: folder, r"could not be loaded \(\w+\).* or set the reranker to late-interaction or none"),
    ],
    ids=["a bi-encoder", "a bare encoder", "a language model", "a classifier", "an empty folder"],
)
def test_what_is_no_reranker_is_refused(tmp_path: Path, save: Callable[[Path], Path], complaint: str) -> None:
    """The library would load most of these with a layer of random numbers; the message has the name and a way out."""
    folder = save(tmp_path)
    with pytest.raises(ModelUnavailable, match=complaint) as refusal:
        CrossEncoderReranker(str(folder))
    assert repr(str(folder)) in str(refusal.value)


def test_unknown_name_is_named() -> None:
    """Without a network, a name that is not on this machine is refused, too."""
    with pytest.raises(ModelUnavailable, match="'sightline-tests/no-such-model' could not be loaded"):
        CrossEncoderReranker("sightline-tests/no-such-model")


def test_folder_is_read_without_asking_the_hub(folder: Path, tmp_path: Path) -> None:
    """A folder whose name could be one at the hub is read, and nobody is asked about it."""
    code = (
        f"import os, sys; sys.path.insert(0, {str(ROOT)!r}); os.chdir({str(folder.parent)!r})\n"
        "from rag.reranking.cross_encoder import CrossEncoderReranker\n"
        "print(CrossEncoderReranker('tiny').scores('boats', ['books']))"
    )
    environment = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    log = tmp_path / "log"
    with recorded(
        [sys.executable, "-c", code], log, environment | {"HOME": str(tmp_path)}, use_strace=False
    ) as process:
        assert process.wait(timeout=240) == 0, output_of(log).read_text()
    assert departures(log) == []
