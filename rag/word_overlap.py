"""Which words two texts share: for pointing at sentences and checking them, not for search.

Search has its own index; this one must work on a handful of sentences that were never indexed.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from math import log

_K1, _B = 1.2, 0.75
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")
_UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]+")
_FUNCTION_WORDS = frozenset(
    # English
    "a about all also am an and any are as at be been but by can could did do does for from had has have how i if in "
    "into is it its long many me much must my no not of on or our shall should so than that the their them then there "
    "these they this those to us was we were what when where which who whom whose why will with would you your "
    # German, without words that mean something else in English
    "aber als auch auf aus bei das dass dem den der des ein eine einem einen einer er es für ich ihr im ist kann mit "
    "nach nicht oder sich sie sind und vom von wann wenn wer werden wie wir wird wo zu zum zur "
    # French and Spanish, likewise
    "au aux avec ce cette dans de del du el en est et il je la le les los nous para pas por pour que qui quel quelle "
    "se sont sur un una une vous y".split()
)


def words(text: str) -> list[str]:
    """The words of `text` in order, folded and stemmed; in scripts without spaces, its pairs of characters."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    found: list[str] = []
    for match in _WORD.finditer(folded):
        word = match.group()
        if _UNSPACED.search(word):
            found.extend(word[i : i + 2] for i in range(max(1, len(word) - 1)))
        else:
            found.append(_stem(word))
    return found


def content_words(text: str) -> list[str]:
    """The words of `text` that carry meaning: without articles, pronouns, question words and the like."""
    return [word for word in words(text) if word not in _STEMMED_FUNCTION_WORDS]


def overlap_scores(query: str, texts: Sequence[str]) -> list[float]:
    """How well each of `texts` matches the content words of `query`: BM25 with these texts as the whole corpus.

    0 and up, higher is closer. Source: Robertson and Zaragoza 2009, the idf never negative as in Lucene.
    """
    wanted = set(content_words(query))
    counts = [Counter(words(text)) for text in texts]
    lengths = [count.total() for count in counts]
    mean_length = sum(lengths) / len(lengths) if any(lengths) else 1.0
    frequency = {word: sum(word in count for count in counts) for word in wanted}
    idf = {word: log(1 + (len(texts) - df + 0.5) / (df + 0.5)) for word, df in frequency.items()}
    return [
        sum(idf[word] * _saturated(count[word], length / mean_length) for word in wanted if word in count)
        for count, length in zip(counts, lengths, strict=True)
    ]


def shared_part(query: str, text: str) -> float:
    """The part of the different content words of `query` that `text` holds, 0 to 1; 0 if it has none."""
    wanted = set(content_words(query))
    return len(wanted.intersection(words(text))) / len(wanted) if wanted else 0.0


def _saturated(count: int, relative_length: float) -> float:
    return count * (_K1 + 1) / (count + _K1 * (1 - _B + _B * relative_length))


def _stem(word: str) -> str:
    """`word` without the commonest English endings, so that "returns", "returned" and "returning" meet."""
    word = word.replace("’", "'").removesuffix("'s")
    if len(word) <= 3 or not word.isalpha():
        return word
    word = _singular(word)
    for ending in ("ing", "ed"):
        stem = word.removesuffix(ending)
        if stem != word and len(stem) >= 3 and re.search("[aeiouy]", stem):
            word = stem[:-1] if stem[-1] == stem[-2] and stem[-1] not in "lsz" else stem
            break
    return word.removesuffix("e") if len(word) > 3 else word


def _singular(word: str) -> str:
    """Source: the S-stemmer of Harman 1991."""
    if word.endswith("ies") and not word.endswith(("eies", "aies")):
        return word[:-3] + "y"
    if word.endswith("es") and not word.endswith(("aes", "ees", "oes")):
        return word[:-1]
    if word.endswith("s") and not word.endswith(("us", "ss")):
        return word[:-1]
    return word


_STEMMED_FUNCTION_WORDS = frozenset(_stem(word) for word in _FUNCTION_WORDS)
