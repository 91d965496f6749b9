"""Any cross-encoder of sentence-transformers, by hub name or folder. Its second home, beside the embedder's."""

import os
import threading
from collections.abc import Sequence
from pathlib import Path

from rag.errors import ModelUnavailable

_ADVICE = (
    "Give the name of a cross-encoder and a network, or a folder that holds one; or set the reranker to "
    "late-interaction or none."
)


class CrossEncoderReranker:
    """A model that was trained to score a question and a passage, read as one text. Remote code is never run."""

    def __init__(self, name: str) -> None:
        os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"  # read when the library is imported
        from sentence_transformers import CrossEncoder

        is_folder = Path(name).is_dir()
        try:
            # subtle: without local_files_only the hub is asked about a folder, too, by its path
            self._model = CrossEncoder(name, trust_remote_code=False, local_files_only=is_folder)
        except Exception as error:
            raise ModelUnavailable(
                f"The reranker {name!r} could not be loaded ({type(error).__name__}). {_ADVICE}"
            ) from error
        if not self._is_trained():
            raise ModelUnavailable(
                f"The model {name!r} was not trained to compare two texts, so it is no reranker. {_ADVICE}"
            )
        if self._model.num_labels != 1:
            raise ModelUnavailable(
                f"The model {name!r} gives {self._model.num_labels} scores for a question and a passage, and a "
                f"reranker gives one. {_ADVICE}"
            )
        self._name = Path(name).name if is_folder else name
        self._scoring = threading.Lock()  # its tokenizer fails when two threads use it at once

    @property
    def name(self) -> str:
        """Its name at the hub, or that of its folder."""
        return self._name

    def scores(self, query: str, passages: Sequence[str]) -> list[float]:
        """The model's output for each pair, after the activation that it is saved with; cut to what it can read."""
        with self._scoring:
            found = self._model.predict([(query, passage) for passage in passages], show_progress_bar=False)
        return [float(score) for score in found]

    def _is_trained(self) -> bool:
        """Whether the layer that scores came with the model: the library would make up a random one."""
        architectures: Sequence[str] = self._model.config.architectures or ()
        return len(self._model) > 1 or any(name.endswith("ForSequenceClassification") for name in architectures)
