"""Text becomes vectors."""

from rag.embedding.embedder import Embedder, TokenVectors
from rag.embedding.loading import load_embedder
from rag.embedding.missing_embedder import MissingEmbedder

__all__ = ["Embedder", "MissingEmbedder", "TokenVectors", "load_embedder"]
