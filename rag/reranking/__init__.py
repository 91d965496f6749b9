"""The best fused chunks are read once more, each together with the question."""

from rag.reranking.loading import Rerankers, load_reranker
from rag.reranking.reranker import Reranker

__all__ = ["Reranker", "Rerankers", "load_reranker"]
