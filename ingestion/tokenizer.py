"""What cutting asks of a tokenizer; every embedder is one."""

from typing import Protocol


class Tokenizer(Protocol):
    """Counts and places the tokens of a text, as the embedding model will see them."""

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        """Character offsets of the tokens of `text`, without special tokens, never truncated."""
        ...

    def count_tokens(self, text: str) -> int:
        """How many tokens `text` takes, special tokens included, never truncated."""
        ...
