"""How long something will take, in words that do not pretend to know the second."""


def time_left(seconds: float | None) -> str:
    """`about 40 s left`, `about 5 min left`; "" while it is not known."""
    if seconds is None:
        return ""
    if seconds < 4:
        return "a few seconds left"
    if seconds < 90:
        return f"about {round(seconds / 5) * 5} s left"
    if seconds < 90 * 60:
        return f"about {round(seconds / 60)} min left"
    return f"about {round(seconds / 3600)} h left"
