"""Any other model: a tiny one, made here, saved as sentence-transformers saves, with prompts of its own."""

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from rag.embedding import Embedder, load_embedder
from rag.errors import LibraryMismatch, ModelUnavailable
from rag.explanation import explain
from rag.library import Library
from rag.pipeline import retrieve
from rag.settings import Settings
from tests.egress import ROOT, departures, output_of, recorded

TEXTS = ["the harbour master counts boats", "books", "a lighthouse keeper of the harbour counts books " * 8]
VOCABULARY = "[PAD] [UNK] [CLS] [SEP] [MASK] the harbour master counts boats books a lighthouse keeper of query : text"


def _saved_model(folder: Path, pooling: str, **config: object) -> Path:
    """A BERT of two layers and 16 dimensions with random weights, and its pooling."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    torch.manual_seed(7)
    words = VOCABULARY.split()
    shape = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    BertModel(BertConfig(vocab_size=len(words), max_position_embeddings=64, **shape)).save_pretrained(folder / "bert")
    (folder / "bert" / "vocab.txt").write_text("\n".join(words))
    BertTokenizerFast(str(folder / "bert" / "vocab.txt")).save_pretrained(folder / "bert")
    transformer = Transformer(str(folder / "bert"), max_seq_length=32)
    modules = [transformer, Pooling(16, pooling_mode=pooling)]
    prompts = {"query": "query: ", "document": "text: "}
    SentenceTransformer(modules=modules, device="cpu", prompts=prompts, **config).save(str(folder / "model"))
    return folder / "model"


@pytest.fixture(scope="module")
def mean_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a mean-pooled model."""
    return _saved_model(tmp_path_factory.mktemp("mean"), "mean")


@pytest.fixture(scope="module")
def tiny(mean_folder: Path) -> Embedder:
    """The mean-pooled model."""
    return load_embedder(Settings(embedding_model=str(mean_folder)))


@pytest.fixture(scope="module")
def cls_pooled(tmp_path_factory: pytest.TempPathFactory) -> Embedder:
    """A model that takes the vector of its first token."""
    return load_embedder(Settings(embedding_model=str(_saved_model(tmp_path_factory.mktemp("cls"), "cls"))))


def test_passport_says_what_it_is(tiny: Embedder, cls_pooled: Embedder) -> None:
    """Name, width, pooling, prompts and window; other weights or pooling are another passport."""
    passport = tiny.passport
    assert (passport["model"], passport["dimension"], passport["pooling"], passport["window"]) == (
        "model",
        16,
        "mean",
        32,
    )
    assert (passport["query_prompt"], passport["passage_prompt"]) == ("query: ", "text: ")
    assert cls_pooled.passport["pooling"] == "other"


def test_prompts_are_put_before_texts(tiny: Embedder, mean_folder: Path) -> None:
    """Queries and passages get the prompts that the model was trained with."""
    from sentence_transformers import SentenceTransformer

    plain = SentenceTransformer(str(mean_folder), device="cpu")
    expected = plain.encode(["query: books", "text: books"], normalize_embeddings=True)
    assert tiny.embed_query("books") == pytest.approx(expected[0], abs=1e-6)
    assert tiny.embed_passages(["books"])[0] == pytest.approx(expected[1], abs=1e-6)
    assert np.abs(expected[0] - expected[1]).max() > 1e-3


@pytest.mark.parametrize("text", TEXTS)
def test_mean_of_token_vectors_is_the_vector(tiny: Embedder, text: str) -> None:
    """Prompt included, the token vectors average to the passage's vector; spans are those of the text alone."""
    tokens = tiny.token_vectors(text)
    mean = tokens.vectors.mean(axis=0)
    assert mean / np.linalg.norm(mean) == pytest.approx(tiny.embed_passages([text])[0], abs=1e-5)
    spans = [span for span in tokens.spans if span is not None]
    assert spans == tiny.token_spans(text)[: len(spans)] != []
    assert len(tokens.spans) == min(tiny.count_tokens(text) + 2, 32)  # "text" and ":" are two tokens


def test_default_prompt_is_not_added_twice(tmp_path: Path) -> None:
    """A model with a prompt by default has token vectors of the passage, not of the passage in two prompts."""
    model = _saved_model(tmp_path, "mean", default_prompt_name="query")
    embedder = load_embedder(Settings(embedding_model=str(model)))
    mean = embedder.token_vectors("books").vectors.mean(axis=0)
    assert mean / np.linalg.norm(mean) == pytest.approx(embedder.embed_passages(["books"])[0], abs=1e-5)


def test_prompt_left_out_of_the_mean_is_not_mean_pooled(tmp_path: Path) -> None:
    """A model that averages over the text without its prompt is not explained as if it averaged over both."""
    model = _saved_model(tmp_path, "mean")
    config = model / "1_Pooling" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"include_prompt": False}))
    embedder = load_embedder(Settings(embedding_model=str(model)))
    assert (embedder.passport["pooling"], embedder.token_vectors("books")) == ("other", None)


def test_tokens_are_counted_without_limit(tiny: Embedder) -> None:
    """Special tokens included, prompt not, however long the text."""
    assert [tiny.count_tokens(text) for text in ("", "books", "books " * 100)] == [2, 3, 102]
    assert tiny.token_spans("a  books") == [(0, 1), (3, 8)]


def test_cls_pooled_model_has_no_token_vectors(cls_pooled: Embedder, tmp_path: Path) -> None:
    """Its cosine is no sum over tokens, so an explanation has none."""
    assert cls_pooled.token_vectors("books") is None
    settings = Settings(data_dir=tmp_path, passage_tokens=16)
    with Library.open(settings, cls_pooled) as library:
        library.add("a.txt", "\n\n".join(TEXTS).encode())
        retrieval = retrieve(library, "harbour books", settings)
        explanation = explain(library, retrieval, retrieval.context[0].chunk.id)
    assert (explanation.tokens, explanation.words, explanation.sentences) == ((), (), ())
    assert explanation.best_passage.cosine == explanation.ladder.cosine


def test_library_of_one_model_is_not_asked_with_another(tiny: Embedder, cls_pooled: Embedder, tmp_path: Path) -> None:
    """Vectors of two models are never compared."""
    settings = Settings(data_dir=tmp_path)
    with Library.open(settings, tiny) as library:
        library.add("a.txt", TEXTS[0].encode())
    with Library.open(settings, cls_pooled) as library:
        assert library.differences["pooling"] == ("mean", "other")
        with pytest.raises(LibraryMismatch, match="pooling was 'mean' and is 'other'"):
            retrieve(library, "Is it there?", settings)


def test_missing_folder_is_named(tmp_path: Path) -> None:
    """A model that is nowhere is a refusal with its name and what to do."""
    missing = tmp_path / "nothing here"
    with pytest.raises(ModelUnavailable, match=f"'{missing}' could not be loaded .* or a folder that holds one"):
        load_embedder(Settings(embedding_model=str(missing)))


def test_unknown_hub_name_is_named() -> None:
    """Without a network, a name that is not on this machine is refused the same way."""
    with pytest.raises(ModelUnavailable, match="'sightline-tests/no-such-model' could not be loaded"):
        load_embedder(Settings(embedding_model="sightline-tests/no-such-model"))


def test_known_share_counts_tokens(tiny: Embedder) -> None:
    """What the vocabulary lacks is one unknown token a word."""
    known = next(word for word in ("the", "a", "book", "harbour") if tiny.known_share(word) == 1)
    assert tiny.known_share(f"{known} \U0001f702") == 0.5
    assert tiny.known_share("") == 1


def test_relative_folder_is_read_without_asking_the_hub(mean_folder: Path, tmp_path: Path) -> None:
    """A folder whose name could be one at the hub is read, and nobody is asked about it."""
    code = (
        f"import os, sys; sys.path.insert(0, {str(ROOT)!r}); os.chdir({str(mean_folder.parent)!r})\n"
        "from rag.embedding.sentence_transformers_embedder import SentenceTransformersEmbedder\n"
        "print(SentenceTransformersEmbedder('model').embed_query('books'))"
    )
    environment = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    log = tmp_path / "log"
    with recorded(
        [sys.executable, "-c", code], log, environment | {"HOME": str(tmp_path)}, use_strace=False
    ) as process:
        assert process.wait(timeout=240) == 0, output_of(log).read_text()
    assert departures(log) == []
