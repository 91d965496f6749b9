"""JSON and JSONL: a line for each value, named by the path to it; a block for each record."""

import json
from collections.abc import Iterator
from typing import Any, TypeAlias

from ingestion import limits
from ingestion.errors import DamagedFile
from ingestion.parsers.cleaning import one_line
from ingestion.parsers.decoding import decode
from ingestion.parsers.parsed import Parsed
from ingestion.parsers.writer import LINE, PARAGRAPH, TextWriter

_Json: TypeAlias = Any
_MAX_DEPTH = 200
_WORDS = {True: "true", False: "false", None: "null"}


def parse_json(content: bytes) -> Parsed:
    """`path: value` lines; each entry of a list, or of the first list in an object, is a block of its own.

    Raises:
        DamagedFile: no JSON, or nested too deeply.

    """
    text, warnings = decode(content)
    writer = TextWriter()
    try:
        _write_records(writer, _loaded(text))
    except ValueError as error:
        return _lines_or_damaged(text, warnings, error)
    return writer.parsed(warnings=warnings)


def parse_jsonl(content: bytes) -> Parsed:
    """The same for a file with one record on each line; lines that are no JSON are left out with a warning."""
    text, warnings = decode(content)
    return _records_by_line(text, warnings)


def _loaded(text: str) -> _Json:
    """The value in `text`; numbers as they are written, for 1.10 may be a version."""
    try:
        return json.loads(text.lstrip("\ufeff"), parse_float=str, parse_int=str, parse_constant=str)
    except RecursionError as error:
        raise DamagedFile("is nested too deeply to be read; save its inner parts as files") from error


def _lines_or_damaged(text: str, warnings: tuple[str, ...], error: ValueError) -> Parsed:
    """The records of JSONL that is named .json; else the refusal."""
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > 1 and all(line.lstrip()[0] in "{[" for line in lines[:2]):
        parsed = _records_by_line(text, warnings)
        if parsed.text and not parsed.warnings[len(warnings) :]:
            return parsed
    where = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else "its numbers"
    raise DamagedFile(f"is no JSON from {where} on; check it or save it again") from error


def _records_by_line(text: str, warnings: tuple[str, ...]) -> Parsed:
    writer, broken = TextWriter(), 0
    for line in text.splitlines():
        if line.strip():
            try:
                _write_record(writer, _loaded(line), "")
            except ValueError:
                broken += 1
    if not writer.length and broken:
        raise DamagedFile("has no line that is JSON; check it or save it again")
    left_out = (f"{broken:,} lines that are no JSON were left out",) if broken else ()
    return writer.parsed(warnings=warnings + left_out)


def _write_records(writer: TextWriter, value: _Json) -> None:
    if isinstance(value, list):
        for entry in value:
            _write_record(writer, entry, "")
    elif isinstance(value, dict):
        lists = [name for name, inner in value.items() if _is_records(inner)]
        _write_record(writer, {name: inner for name, inner in value.items() if name not in lists}, "")
        for name in lists:
            for entry in value[name]:
                _write_record(writer, entry, name)
    else:
        _write_record(writer, value, "")


def _is_records(value: _Json) -> bool:
    return isinstance(value, list) and any(isinstance(entry, dict) for entry in value)


def _write_record(writer: TextWriter, record: _Json, path: str) -> None:
    gap = PARAGRAPH
    for line in _lines(record, path, 0):
        writer.block(line, gap=gap)
        gap = LINE


def _lines(value: _Json, path: str, depth: int) -> Iterator[str]:
    if depth > _MAX_DEPTH:
        raise DamagedFile(f"is nested more than {_MAX_DEPTH} deep; save its inner parts as files")
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _lines(inner, f"{path}.{one_line(name)}" if path else one_line(name), depth + 1)
    elif isinstance(value, list) and all(not isinstance(entry, (dict, list)) for entry in value):
        if value:
            yield _named(path, ", ".join(map(_shown, value)))
    elif isinstance(value, list):
        for number, entry in enumerate(value, start=1):
            yield from _lines(entry, f"{path}[{number}]", depth + 1)
    else:
        yield _named(path, _shown(value))


def _named(path: str, text: str) -> str:
    return f"{path}: {text}" if path else text


def _shown(value: _Json) -> str:
    return _WORDS[value] if isinstance(value, bool) or value is None else str(value)[: limits.MAX_TEXT_CHARACTERS]
