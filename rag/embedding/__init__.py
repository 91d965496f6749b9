"""Text becomes vectors."""

from rag.embedding.embedder import Embedder, TokenVectors
from rag.embedding.loading import load_embedder

__all__ = ["Embedder", "TokenVectors", "load_embedder"]
