"""Which reranker a name in the settings means, and the one that a library holds."""

import threading

from rag.embedding import Embedder
from rag.reranking.late_interaction import LATE_INTERACTION, LateInteraction
from rag.reranking.reranker import Reranker
from rag.settings import Settings


def load_reranker(settings: Settings, embedder: Embedder) -> Reranker | None:
    """The reranker that `settings.reranker` names; None for none.

    Imports the libraries it needs only now: they take seconds. Raises ModelUnavailable.
    """
    if not settings.has_reranker:
        return None
    if settings.reranker == LATE_INTERACTION:
        return LateInteraction(embedder)
    from rag.reranking.cross_encoder import CrossEncoderReranker

    return CrossEncoderReranker(settings.reranker)


class Rerankers:
    """Loads a cross-encoder when it is first asked for, and holds the last one: a tab may name another at any time."""

    def __init__(self) -> None:
        self._loading = threading.Lock()
        self._held: Reranker | None = None
        self._held_name = ""

    def get(self, settings: Settings, embedder: Embedder) -> Reranker | None:
        """The reranker that the settings name, for an index of this embedder; None for none.

        Raises ModelUnavailable; a name at the hub takes a minute for that where there is no network.
        """
        if not settings.has_reranker or settings.reranker == LATE_INTERACTION:
            return load_reranker(settings, embedder)  # the embedder has been loaded, and is another after a rebuild
        with self._loading:
            if self._held_name != settings.reranker:
                self._held = load_reranker(settings, embedder)
                self._held_name = settings.reranker
            return self._held
