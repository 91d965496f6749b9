"""Tables as text, and the rows of any sheet."""

from collections.abc import Callable

import pytest

from ingestion import limits
from ingestion.errors import DamagedFile, UnsupportedType
from ingestion.parsers.delimited import parse_csv, parse_tsv
from ingestion.parsers.table_rows import write_rows
from ingestion.parsers.writer import TextWriter
from tests.ingestion.builders import assert_invariants


def text_of(*rows: list[str], first_is_header: bool = False) -> str:
    """The text of rows."""
    writer = TextWriter()
    write_rows(writer, rows, first_is_header=first_is_header)
    return writer.parsed().text


def test_csv_golden(golden: Callable[[str, str], None]) -> None:
    """The header is a line of its own, and each row names its columns."""
    content = 'Item,Price,Note\nThread,2.50,"red, long"\n"Glue ""X""",,dries slowly\n\nTape,3,"two\nlines"\n'
    parsed = parse_csv(content.encode())
    assert_invariants(parsed)
    golden("prices.csv.txt", parsed.text)
    assert parsed.warnings == ()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_delimiters(delimiter: str) -> None:
    """The delimiter is the one that parts all lines alike, though others are in the cells."""
    rows = ["name{0}city", "Ada; Lovelace{0}London, UK", "Bo{0}Bern"] if delimiter in "\t|" else ["a{0}b", "1.5{0}2"]
    assert parse_csv("\n".join(rows).format(delimiter).encode()).text.count(" | ") == len(rows)


def test_tsv_with_commas() -> None:
    """A TSV is parted by tabs, however many commas it has."""
    assert parse_tsv(b"a\tb,c,d\n1,2,3\t4,5,6").text == "a | b,c,d\na: 1,2,3 | b,c,d: 4,5,6"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_csv_encodings(encoding: str) -> None:
    """Encodings are those of text files; a byte order mark is no part of the first name."""
    assert "name: José | city: Köln" in parse_csv("name,city\nJosé,Köln\nÉmile,Genève".encode(encoding)).text


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([["1", "2"], ["3", "4"]], "1 | 2\n3 | 4"),
        ([["a"], ["x"], ["y"]], "a\na: x\na: y"),
        ([["Report"], ["name", "size"], ["x", "1"]], "Report\nname | size\nname: x | size: 1"),
        ([["a", "b"], ["1", "2", "3"]], "a | b\na: 1 | b: 2 | 3"),
        ([["a", "b"], ["1"]], "a | b\n1"),
        ([["a", "b"], ["", "1"], ["a", "b"], ["2", ""]], "a | b\n1\n2"),
    ],
    ids=["no header", "one column", "title above", "too many cells", "too few cells", "header again"],
)
def test_first_row_is_header(rows: list[list[str]], text: str) -> None:
    """The first row that has words for its columns names them."""
    assert text_of(*rows, first_is_header=True) == text


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        ([["Country", "2019", "2020"], ["Chad", "1", "2"]], "Country | 2019 | 2020\nCountry: Chad | 2019: 1 | 2020: 2"),
        ([["Name", "Ada"], ["City", "London"]], "Name | Ada\nCity | London"),
        ([["City", "Size"], ["Bern", "7"]], "City | Size\nCity: Bern | Size: 7"),
        ([["a", "b", "c"], [], ["1", "2", "3"]], "a | b | c\n\na: 1 | b: 2 | c: 3"),
        (
            [["a", "b", "c"], ["1", "2", "3"], [], ["4", "5", "6", "7"]],
            "a | b | c\na: 1 | b: 2 | c: 3\n\n4 | 5 | 6 | 7",
        ),
        ([["a", "a", "b"], ["1", "2", "3"]], "a | a | b\n1 | 2 | 3"),
        ([["", "North", "South"], ["Rain", "1", "2"]], "North | South\nRain | North: 1 | South: 2"),
    ],
    ids=["years", "pairs", "words above numbers", "gap below", "another table", "same names", "nameless column"],
)
def test_header_is_found(rows: list[list[str]], text: str) -> None:
    """In a sheet a header is known by what stands below it."""
    assert text_of(*rows) == text


def test_csv_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is over the limits is left out, and said."""
    monkeypatch.setattr(limits, "MAX_TABLE_ROWS", 2)
    monkeypatch.setattr(limits, "MAX_TABLE_COLUMNS", 2)
    parsed = parse_csv(b"a,b,c\n1,2,3\n4,5,6")
    assert parsed.text == "a | b\na: 1 | b: 2"
    assert parsed.warnings == ("only the first 2 rows were read", "only the first 2 of 3 columns were read")


def test_csv_open_quote() -> None:
    """A quote that is never closed ends in a refusal, not in a cell without end."""
    with pytest.raises(DamagedFile, match="is a quote not closed"):
        parse_csv(b'a,b\n1,"' + b"x" * 1_000_001)


def test_csv_no_text() -> None:
    """Bytes that are no text are refused."""
    with pytest.raises(UnsupportedType, match="no text"):
        parse_csv(bytes(range(256)))
