"""JSON, JSONL, notebooks, and source code."""

import json
from collections.abc import Callable

import pytest

from ingestion.errors import DamagedFile, UnsupportedType
from ingestion.parsers.json_lines import parse_json, parse_jsonl
from ingestion.parsers.notebook import parse_notebook
from ingestion.parsers.source_code import CODE_SUFFIXES, code_parser
from tests.ingestion.builders import assert_invariants


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ('{"name": "Ada", "born": 1815}', "name: Ada\nborn: 1815"),
        ('[{"a": 1}, {"a": 2}]', "a: 1\n\na: 2"),
        ('{"a": {"b": {"c": "x"}}}', "a.b.c: x"),
        ('{"a": ["x", 1, true, null, false]}', "a: x, 1, true, null, false"),
        ('{"v": 1.10, "big": 123456789012345678901}', "v: 1.10\nbig: 123456789012345678901"),
        ('{"title": "T", "items": [{"n": 1}, {"n": 2}]}', "title: T\n\nitems.n: 1\n\nitems.n: 2"),
        ('{"a": [[1, 2], [3]]}', "a[1]: 1, 2\na[2]: 3"),
        ('"only text"', "only text"),
        ('{"a": {}, "b": [], "c": ""}', "c:"),
        ('{"a": "two\\nlines", "x\\ny": 1}', "a: two\nlines\nx y: 1"),
        ('\ufeff{"a": NaN}', "a: NaN"),
    ],
)
def test_json(value: str, text: str) -> None:
    """A line for each value, a block for each record."""
    parsed = parse_json(value.encode())
    assert_invariants(parsed)
    assert parsed.text == text


def test_jsonl() -> None:
    """A record on each line; lines that are none are counted."""
    parsed = parse_jsonl(b'{"a": 1}\n\nno json\n{"a": 2}\n')
    assert (parsed.text, parsed.warnings) == ("a: 1\n\na: 2", ("1 lines that are no JSON were left out",))


def test_jsonl_named_json() -> None:
    """Lines of records are read whatever their file is named."""
    assert parse_json(b'{"a": 1}\n{"a": 2}').text == "a: 1\n\na: 2"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"a": 1', "is no JSON from line 1 on"),
        (b'{"a": 1}\nno json', "is no JSON from line 2 on"),
        (b"[" * 100_000, "is nested too deeply"),
        (b"[" * 300 + b"[1, {}]" + b"]" * 300, "is nested more than 200 deep"),
    ],
    ids=["cut off", "text behind", "endless", "deep"],
)
def test_json_refusals(content: bytes, message: str) -> None:
    """What is no JSON is refused with the place."""
    with pytest.raises(DamagedFile, match=message):
        parse_json(content)


def test_jsonl_refusals() -> None:
    """A file without any record is refused, and so are bytes that are no text."""
    with pytest.raises(DamagedFile, match="no line that is JSON"):
        parse_jsonl(b"a\nb")
    with pytest.raises(UnsupportedType, match="no text"):
        parse_jsonl(bytes(range(256)))


NOTEBOOK = {
    "metadata": {"kernelspec": {"language": "python"}},
    "cells": [
        {"cell_type": "markdown", "source": ["# Study\n", "\n", "Some *words*."]},
        {
            "cell_type": "code",
            "source": "1 + 1\nprint('x')",
            "outputs": [
                {"output_type": "stream", "text": ["x\n"]},
                {"output_type": "execute_result", "data": {"text/plain": "2", "text/html": "<b>HTML</b>"}},
                {"output_type": "display_data", "data": {"image/png": "PICTURE"}},
                {"output_type": "error", "ename": "KeyError", "evalue": "\x1b[31m'a'\x1b[0m", "traceback": ["TRACE"]},
            ],
        },
        {"cell_type": "code", "source": [], "outputs": []},
        {"cell_type": "raw", "source": "raw text"},
    ],
}


def test_notebook_golden(golden: Callable[[str, str], None]) -> None:
    """Words, code and the text of outputs, in order."""
    parsed = parse_notebook(json.dumps(NOTEBOOK).encode())
    assert_invariants(parsed)
    golden("study.ipynb.txt", parsed.text)
    assert [heading.title for heading in parsed.headings] == ["Study"]


def test_notebook_of_format_3() -> None:
    """Old notebooks keep their cells in worksheets."""
    cells = [{"cell_type": "heading", "level": 2, "source": "Old"}, {"cell_type": "code", "input": "1", "outputs": []}]
    assert parse_notebook(json.dumps({"worksheets": [{"cells": cells}]}).encode()).text == "## Old\n\n```\n1\n```"


@pytest.mark.parametrize("content", [b"{}", b"[]", b"no json", b'{"cells": 1}', b'{"cells": [1]}', b"[" * 99_999])
def test_notebook_refusals(content: bytes) -> None:
    """What is no notebook is refused."""
    with pytest.raises(DamagedFile, match="is no Jupyter notebook"):
        parse_notebook(content)


@pytest.mark.parametrize(
    ("suffix", "code", "titles"),
    [
        (".py", "import a\n\ndef f(x):\n    def inner(): pass\n\nclass B:\n    pass", ["def f(x)", "class B"]),
        (
            ".js",
            "export default function f() {\n}\nconst g = (x) => 1\nlet y = 2",
            ["export default function f()", "const g = (x) => 1"],
        ),
        (".ts", "export interface A {\n}\ntype B = string", ["export interface A", "type B = string"]),
        (
            ".java",
            "public class A extends B {\n    public void f() {\n        g();",
            ["public class A extends B", "public void f()"],
        ),
        (
            ".c",
            "#define X\nstatic int *f(int a)\n{\n  return g(a);\n}\nstruct s {",
            ["static int *f(int a)", "struct s"],
        ),
        (".go", "package a\nfunc (t T) F() int {\n}\ntype T struct {", ["func (t T) F() int", "type T struct"]),
        (".rs", "pub fn f() {\n}\nimpl A for B {", ["pub fn f()", "impl A for B"]),
        (".rb", "class A < B\n  def f", ["class A < B"]),
        (".php", "<?php\nfinal class A {\nfunction f() {", ["final class A", "function f()"]),
        (".sh", "f() {\n  echo\n}", ["f()"]),
        (
            ".sql",
            "create or replace view v as\nselect 1;\nCREATE TABLE t (",
            ["create or replace view v as", "CREATE TABLE t"],
        ),
        (".yaml", "a:\n  b: 1\nc: 2", ["a", "c: 2"]),
        (".toml", "[tool.ruff]\nx = 1\n[[a]]", ["[tool.ruff]", "[[a]]"]),
        (".ini", "[section]\nx = 1", ["[section]"]),
        (".css", "a { b: c }", []),
        (".xml", "<!DOCTYPE a><a>text</a>", []),
    ],
)
def test_code(suffix: str, code: str, titles: list[str]) -> None:
    """The text as it stands; top-level definitions are headings."""
    parsed = code_parser(suffix)(code.encode())
    assert_invariants(parsed)
    assert parsed.text == code
    assert [heading.title for heading in parsed.headings] == titles


@pytest.mark.timeout(20)
@pytest.mark.parametrize("suffix", CODE_SUFFIXES)
def test_code_odd_lines(suffix: str) -> None:
    """No line takes long, however odd."""
    odd = ["** " * 66, "a " * 99, "<" * 199, "public " * 28, "const (" * 28, "x:" * 99, "[" * 199, "a(" * 99]
    assert code_parser(suffix)("\n".join(odd * 50).encode()).text


def test_code_refusal() -> None:
    """Bytes that are no text are refused."""
    with pytest.raises(UnsupportedType, match="no text"):
        code_parser(".py")(bytes(range(256)))
