"""The default embedder: a mean-pooled encoder run by ONNX Runtime. Home of onnxruntime and tokenizers."""

import os
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding, Tokenizer

from rag.embedding.embedder import TokenVectors
from rag.embedding.onnx_export import ExportedModel
from rag.types import Vector, Vectors

# subtle: must be set before the import. The runtime sends usage data and writes a device id to the home folder
# unless this is 1, and whatever the person has set, nothing leaves this machine.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime

_MAX_TOKENS = 512  # the model's positions
_BATCH_SIZE = 32
_DIMENSION = 384


class OnnxEmbedder:
    """all-MiniLM-L6-v2 with the vectors of sentence-transformers (cosine above .9999), 20 times quicker to start."""

    def __init__(self, model: ExportedModel) -> None:
        self._model = model
        self._tokenizer = Tokenizer.from_file(str(model.tokenizer_path))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = os.cpu_count() or 1
        # Threads that wait for the next run by spinning take the cores from the search that follows an embedding.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(
            str(model.onnx_path), sess_options=options, providers=["CPUExecutionProvider"]
        )

    @property
    def passport(self) -> dict[str, str | int]:
        """What makes its vectors comparable with others of the same passport, and with no others."""
        return {
            "model": self._model.name,
            "revision": self._model.revision,
            "backend": "onnxruntime float32",
            "dimension": _DIMENSION,
            "pooling": "mean",
            "query_prompt": "",
            "passage_prompt": "",
            "window": _MAX_TOKENS,
        }

    @property
    def max_tokens(self) -> int:
        """512, the model's number of positions."""
        return _MAX_TOKENS

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        """Character offsets of the word pieces of `text`."""
        spans: list[tuple[int, int]] = self._tokenizer.encode(text, add_special_tokens=False).offsets
        return spans

    def count_tokens(self, text: str) -> int:
        """Word pieces of `text`, with [CLS] and [SEP]."""
        return len(self._tokenizer.encode(text).ids)

    def known_share(self, text: str) -> float:
        """Share of the word pieces of `text`, 0 to 1, that are not [UNK], say letters of another script."""
        pieces = self._tokenizer.encode(text, add_special_tokens=False).tokens
        return 1 - pieces.count("[UNK]") / len(pieces) if pieces else 1.0

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of passages, (n, 384), unit rows. Batched by length, so that little is padding."""
        encodings = [self._encode(text) for text in texts]
        order = sorted(range(len(encodings)), key=lambda index: len(encodings[index].ids))
        vectors = np.empty((len(encodings), _DIMENSION), dtype=np.float32)
        for start in range(0, len(order), _BATCH_SIZE):
            batch = order[start : start + _BATCH_SIZE]
            vectors[batch] = self._run("embedding", [encodings[index] for index in batch])
        return vectors

    def embed_query(self, query: str) -> Vector:
        """The vector of one query, (384,), length 1."""
        vector: Vector = self.embed_passages([query])[0]
        return vector

    def token_vectors(self, text: str) -> TokenVectors:
        """The last hidden state of `text`; the mean of its rows, scaled to length 1, is the passage's vector."""
        encoding = self._encode(text)
        spans = tuple(
            None if special else (start, end)
            for special, (start, end) in zip(encoding.special_tokens_mask, encoding.offsets, strict=True)
        )
        return TokenVectors(self._run("token_vectors", [encoding])[0], spans)

    def _encode(self, text: str) -> Encoding:
        encoding = self._tokenizer.encode(text, add_special_tokens=False)
        encoding.truncate(_MAX_TOKENS - 2)  # room for [CLS] and [SEP]; callers count what is cut
        return self._tokenizer.post_process(encoding)

    def _run(self, output: str, encodings: Sequence[Encoding]) -> NDArray[np.float32]:
        longest = max(len(encoding.ids) for encoding in encodings)
        ids = np.zeros((len(encodings), longest), dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, encoding in enumerate(encodings):
            ids[row, : len(encoding.ids)] = encoding.ids
            mask[row, : len(encoding.ids)] = 1
        result: NDArray[np.float32] = self._session.run([output], {"ids": ids, "mask": mask})[0]
        return result
