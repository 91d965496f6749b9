"""Which embedder a name in the settings means."""

from rag.embedding.cached_embedder import CachedEmbedder
from rag.embedding.embedder import Embedder
from rag.embedding.redis_vectors import RedisVectors
from rag.settings import Settings

PACKAGED_MODEL = "all-MiniLM-L6-v2"


def load_embedder(settings: Settings) -> Embedder:
    """The embedder that `settings.embedding_model` names: the packaged model, or one for sentence-transformers.

    It remembers the queries asked last. Imports the libraries it needs only now: they take seconds. Raises
    ModelUnavailable, CacheUnavailable.
    """
    shared = None if settings.redis_url is None else RedisVectors(settings.redis_url.get_secret_value())
    return CachedEmbedder(_model(settings), shared)


def _model(settings: Settings) -> Embedder:
    if settings.embedding_model == PACKAGED_MODEL:
        from rag.embedding.onnx_embedder import OnnxEmbedder
        from rag.embedding.onnx_export import exported_model

        return OnnxEmbedder(exported_model(settings.cache_dir))
    from rag.embedding.sentence_transformers_embedder import SentenceTransformersEmbedder

    return SentenceTransformersEmbedder(settings.embedding_model)
