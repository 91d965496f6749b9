"""What a spreadsheet shows for the numbers that it stores: dates, times, shares, and numbers without noise."""

import math
import re
from datetime import datetime, timedelta

from ingestion.parsers.xml_tree import Element

_DATE_FORMATS = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
_PERCENT_FORMATS = frozenset({9, 10})
_ELAPSED_FORMAT = 46
_SHOWS_NOTHING = ";;;"
_WHITE = "FFFFFF"
_LITERALS = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_ELAPSED = re.compile(r"\[[hms]+\]", re.IGNORECASE)
_DATE_LETTERS = re.compile(r"[dmyhs]", re.IGNORECASE)
# subtle: Excel counts 29 February 1900, which never was, so that day 60 stands before 1 March
_EPOCH, _EPOCH_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)  # noqa: DTZ001  a sheet knows no time zone
_LAST_DAY = 2_958_465  # 31 December 9999
_DIGITS = 15  # that a sheet keeps
_WHOLE = 10.0**18  # from here on a number is written with its exponent


class NumberFormats:
    """Style index -> how a value in this style is shown. `styles` is the root of `xl/styles.xml`."""

    def __init__(self, styles: Element | None, *, is_1904: bool) -> None:
        self._epoch = _EPOCH_1904 if is_1904 else _EPOCH
        self._codes: dict[int, str] = {}
        self._ids: list[int] = []
        self._white: set[int] = set()
        if styles is not None:
            for entry in styles.iter("numFmt"):
                self._codes[_whole(entry.get("numFmtId"))] = entry.get("formatCode", "")
            self._ids = [_whole(style.get("numFmtId")) for style in styles.findall("cellXfs/xf")]
            self._white = _white_styles(styles)

    def hides(self, style: str | None) -> bool:
        """Whether a cell in this style shows nothing: by the format ";;;", or white where nothing is dark."""
        code = self._codes.get(self._format_id(style), "")
        return code.strip() == _SHOWS_NOTHING or _whole(style) in self._white

    def _format_id(self, style: str | None) -> int:
        index = _whole(style)
        return self._ids[index] if index < len(self._ids) else 0

    def shown(self, number: str, style: str | None) -> str:
        """`number` as the sheet shows it."""
        try:
            value = float(number)
        except ValueError:
            return number
        if not math.isfinite(value):
            return number
        format_id = self._format_id(style)
        code = _LITERALS.sub("", self._codes.get(format_id, "")).split(";")[0]
        if format_id == _ELAPSED_FORMAT or _ELAPSED.search(code):
            return _elapsed(value)
        if format_id in _DATE_FORMATS or (code.lower() != "general" and _DATE_LETTERS.search(code)):
            return self._date(value)
        if format_id in _PERCENT_FORMATS or "%" in code:
            return f"{_plain(value * 100)}%"
        return _plain(value)

    def _date(self, value: float) -> str:
        if not 0 <= value <= _LAST_DAY:
            return _plain(value)
        moment = self._epoch + timedelta(seconds=round(value * 86_400))
        if value < 1:
            return _time(moment)
        return f"{moment:%Y-%m-%d}" if value == int(value) else f"{moment:%Y-%m-%d} {_time(moment)}"


def _white_styles(styles: Element) -> set[int]:
    """The styles with white letters on no ground of their own."""
    white = {index for index, font in enumerate(styles.findall("fonts/font")) if _is_white(font)}
    patterns = [fill.find("patternFill") for fill in styles.findall("fills/fill")]
    plain = {index for index, fill in enumerate(patterns) if fill is None or fill.get("patternType") in (None, "none")}
    return {
        index
        for index, style in enumerate(styles.findall("cellXfs/xf"))
        if _whole(style.get("fontId")) in white and _whole(style.get("fillId")) in plain
    }


def _is_white(font: Element) -> bool:
    colour = font.find("color")
    return colour is not None and (
        colour.get("rgb", "").upper().endswith(_WHITE) or colour.get("indexed") in ("1", "9")
    )


def _time(moment: datetime) -> str:
    return f"{moment:%H:%M:%S}" if moment.second else f"{moment:%H:%M}"


def _elapsed(value: float) -> str:
    minutes, seconds = divmod(round(value * 86_400), 60)
    return f"{minutes // 60}:{minutes % 60:02}" + (f":{seconds:02}" if seconds else "")


def _plain(value: float) -> str:
    """A number as short as it is exact: 0.1 + 0.2 -> "0.3"."""
    if value == int(value) and abs(value) < _WHOLE:
        return str(int(value))
    return f"{value:.{_DIGITS}g}"


def _whole(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 0
