"""Warnings that name the pages or slides they are about."""

from collections.abc import Sequence

HIDDEN = ("is hidden; it was left out", "are hidden; they were left out")
_SHOWN = 10


def on_places(place: str, numbers: Sequence[int], what: tuple[str, str]) -> tuple[str, ...]:
    """One warning for all, if any: "pages 2, 5 are pictures: no text". `what` is said of one, and of several."""
    one, several = what
    if not numbers:
        return ()
    if len(numbers) == 1:
        return (f"{place} {numbers[0]} {one}",)
    shown = ", ".join(map(str, numbers[:_SHOWN]))
    rest = f" and {len(numbers) - _SHOWN} more" if len(numbers) > _SHOWN else ""
    return (f"{place}s {shown}{rest} {several}",)
