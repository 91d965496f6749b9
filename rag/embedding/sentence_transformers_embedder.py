"""Any model of sentence-transformers, by hub name or folder. Its home."""

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rag.embedding.embedder import TokenVectors
from rag.errors import ModelUnavailable
from rag.types import Vector, Vectors

if TYPE_CHECKING:
    from transformers import BatchEncoding

_QUERY_PROMPTS = ("query", "s2p_query")
_PASSAGE_PROMPTS = ("document", "passage", "corpus")


class SentenceTransformersEmbedder:
    """A bi-encoder with the prompts it was trained with. Remote code is never run."""

    def __init__(self, name: str) -> None:
        os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"  # read when the library is imported
        from sentence_transformers import SentenceTransformer

        try:
            # NOTE: of a folder with a relative path the library would ask the hub, too.
            is_folder = Path(name).is_dir()
            self._model = SentenceTransformer(name, trust_remote_code=False, device=None, local_files_only=is_folder)
        except Exception as error:
            raise ModelUnavailable(
                f"The embedding model {name!r} could not be loaded ({type(error).__name__}). Give the name of a "
                "sentence-transformers model and a network, or a folder that holds one."
            ) from error
        self._name = name
        self._query_prompt = self._prompt(_QUERY_PROMPTS)
        self._passage_prompt = self._prompt(_PASSAGE_PROMPTS)

    @property
    def passport(self) -> dict[str, str | int]:
        """What makes its vectors comparable with others of the same passport, and with no others."""
        return {
            "model": Path(self._name).name if Path(self._name).exists() else self._name,
            "revision": self._revision(),
            "backend": "sentence-transformers float32",
            "dimension": self._model.get_embedding_dimension() or 0,
            "pooling": "mean" if self._is_mean_pooled() else "other",
            "query_prompt": self._query_prompt,
            "passage_prompt": self._passage_prompt,
            "window": self.max_tokens,
        }

    @property
    def max_tokens(self) -> int:
        """The longest text it reads, special tokens included."""
        return int(self._model.max_seq_length or 512)

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        """Character offsets of the tokens of `text`, without special tokens."""
        return [(start, end) for start, end in self._encode(text, special=False)["offset_mapping"]]

    def count_tokens(self, text: str) -> int:
        """Tokens of `text`, special ones included."""
        return len(self._encode(text, special=True)["input_ids"])

    def known_share(self, text: str) -> float:
        """Share of the tokens of `text`, 0 to 1, that are not the unknown one; always 1 where a tokenizer has none."""
        ids = self._encode(text, special=False)["input_ids"]
        return 1 - ids.count(self._model.tokenizer.unk_token_id) / len(ids) if ids else 1.0

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of passages with the model's passage prompt, (n, dimension), unit rows."""
        return self._embed(list(texts), self._passage_prompt)

    def embed_query(self, query: str) -> Vector:
        """The vector of one query with the model's query prompt, (dimension,), length 1."""
        vector: Vector = self._embed([query], self._query_prompt)[0]
        return vector

    def token_vectors(self, text: str) -> TokenVectors | None:
        """The last hidden state of prompt and text; None if the model pools in another way than by the mean."""
        if not self._is_mean_pooled():
            return None
        prompted = self._passage_prompt + text
        # An empty prompt, or the model's default one would be added.
        vectors = self._model.encode(
            [prompted], prompt="", output_value="token_embeddings", convert_to_numpy=True, show_progress_bar=False
        )[0]
        encoding = self._encode(prompted, special=True, max_length=self.max_tokens)
        offset = len(self._passage_prompt)
        spans = tuple(
            None if special or start < offset else (start - offset, end - offset)
            for special, (start, end) in zip(encoding["special_tokens_mask"], encoding["offset_mapping"], strict=True)
        )
        return TokenVectors(np.asarray(vectors, dtype=np.float32)[: len(spans)], spans)

    def _embed(self, texts: list[str], prompt: str) -> Vectors:
        vectors = self._model.encode(
            texts, prompt=prompt, batch_size=32, normalize_embeddings=True, show_progress_bar=False
        )
        return np.asarray(vectors, dtype=np.float32).reshape(len(texts), -1)

    def _encode(self, text: str, *, special: bool, max_length: int | None = None) -> "BatchEncoding":
        return self._model.tokenizer(
            text,
            add_special_tokens=special,
            return_offsets_mapping=True,
            return_special_tokens_mask=True,
            truncation=max_length is not None,
            max_length=max_length,
            verbose=False,
        )

    def _prompt(self, names: Sequence[str]) -> str:
        prompts = self._model.prompts or {}
        return next((prompts[name] for name in names if prompts.get(name)), "")

    def _is_mean_pooled(self) -> bool:
        modules = [type(module).__name__ for module in self._model]
        pooling = next((module for module in self._model if type(module).__name__ == "Pooling"), None)
        only_mean = pooling is not None and pooling.pooling_mode == "mean"
        over_all = pooling is not None and (pooling.include_prompt or not self._passage_prompt)
        return only_mean and over_all and set(modules) <= {"Transformer", "Pooling", "Normalize"}

    def _revision(self) -> str:
        """A hash of the weights themselves: a name can be trained anew, numbers cannot."""
        digest = hashlib.sha256()
        for name, tensor in sorted(self._model.state_dict().items()):
            digest.update(name.encode())
            digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()[:16]
