"""Which numbers a text states, so that an answer's figures can be held against the passage it cites."""

import re
import unicodedata

# 1,000.50 and 3.5 and 2024; separators only between digits, and no plain space, which also stands between two numbers.
_NUMBER = re.compile(r"(?:\d{1,3}(?:[,\u00a0\u202f'’]\d{3}(?!\d))+|\d+)(?:[.,]\d+)?")
_THOUSANDS = re.compile(r"[,\u00a0\u202f'’](?=\d{3}(?!\d))")
_NAMED = {
    name: str(value)
    for value, names in {
        1: "one", 2: "two twice", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine",
        10: "ten", 11: "eleven", 12: "twelve dozen", 13: "thirteen", 14: "fourteen", 15: "fifteen", 16: "sixteen",
        17: "seventeen", 18: "eighteen", 19: "nineteen", 20: "twenty", 30: "thirty", 40: "forty", 50: "fifty",
        60: "sixty", 70: "seventy", 80: "eighty", 90: "ninety", 100: "hundred",
    }.items()
    for name in names.split()
}  # fmt: skip


def written_numbers(text: str) -> set[str]:
    """The numbers that `text` writes in digits, in one form each: "1,000", "1000" and "1000.0" are "1000".

    Parts of dates and codes count one by one: "2024-05-01" is 2024, 5 and 1.
    """
    return {_canonical(match.group()) for match in _NUMBER.finditer(text)}


def stated_numbers(text: str) -> set[str]:
    """Those of `written_numbers`, and the small ones written as English words."""
    named = {_NAMED[word] for word in re.findall(r"[a-z]+", text.lower()) if word in _NAMED}
    return written_numbers(text) | named


def _canonical(number: str) -> str:
    digits = _THOUSANDS.sub("", number).replace(",", ".")
    digits = "".join(str(unicodedata.digit(character, character)) for character in digits)
    whole, _, fraction = digits.rpartition(".") if "." in digits else (digits, "", "")
    fraction = fraction.rstrip("0")
    whole = whole.lstrip("0") or "0"
    return f"{whole}.{fraction}" if fraction else whole
