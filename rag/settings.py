"""Everything that changes a result, in one frozen object. The environment is read here and nowhere else."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings with their defaults; each can be set as SIGHTLINE_<NAME>, say SIGHTLINE_DATA_DIR."""

    model_config = SettingsConfigDict(env_prefix="SIGHTLINE_", frozen=True, extra="forbid")

    data_dir: Path = Field(default=Path.home() / ".local/share/sightline", description="where the library is kept")
    cache_dir: Path = Field(default=Path.home() / ".cache/sightline", description="where exported models are kept")
    watch_dir: Path | None = Field(default=None, description="a folder that the library of the web page follows")

    embedding_model: str = Field(
        default="all-MiniLM-L6-v2", description="the packaged model, or any sentence-transformers name or folder"
    )
    chunk_tokens: int = Field(default=512, ge=16, le=8192, description="largest chunk, special tokens included")
    chunk_overlap_tokens: int = Field(default=0, ge=0, description="tokens that neighbouring chunks share")
    passage_tokens: int = Field(default=64, ge=8, le=8192, description="largest embedded passage, special tokens too")
    passage_overlap_sentences: int = Field(default=1, ge=0, le=5, description="sentences that neighbours share")
    passage_context: bool = Field(default=True, description="embed a passage with its title and heading in front")

    redis_url: SecretStr | None = Field(
        default=None, description="a Redis in which servers share the vectors of questions; never shown"
    )

    candidates: int = Field(default=100, ge=1, le=1000, description="chunks taken from each ranking before fusion")
    fusion: Literal["convex", "rrf"] = Field(default="convex", description="min-max convex combination, or ranks only")
    dense_weight: float = Field(default=0.5, ge=0, le=1, description="weight of meaning against words in the fusion")
    reranker: str = Field(
        default="none", min_length=1, description="`none`, `late-interaction`, or a cross-encoder's name or folder"
    )
    rerank_chunks: int = Field(default=20, ge=1, le=1000, description="best fused chunks that the reranker reads")
    rerank_weight: float = Field(default=0.5, ge=0, le=1, description="weight of the reranker against the fused score")
    diversity: float = Field(
        default=0.0, ge=0, le=1, description="how much a chunk unlike those before it is preferred"
    )
    context_chunks: int = Field(default=5, ge=1, le=50, description="chunks shown and put in the prompt")
    context_tokens: int = Field(default=3000, ge=100, description="most tokens (cl100k_base) of the context")

    chat_base_url: str | None = Field(default=None, description="an OpenAI-compatible endpoint, ending in /v1")
    chat_model: str | None = Field(default=None, description="the model's name at that endpoint")
    chat_api_key: SecretStr | None = Field(default=None, description="its key; never stored, never shown")

    @property
    def has_reranker(self) -> bool:
        """Whether the best fused chunks are reranked."""
        return self.reranker != "none"
