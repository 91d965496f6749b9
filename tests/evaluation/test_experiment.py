"""Question sets are read, run over the production path, and refused with a reason."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from evaluation.beir import SetRefused, load_beir
from evaluation.experiment import run_beir, run_spans
from evaluation.questions import Reference
from evaluation.span_set import load_spans, placed
from rag.library import Library
from rag.pipeline import retrieve
from rag.settings import Settings
from rag.types import Source
from tests.cli_calls import json_of, run_cli
from tests.rag.fake_embedder import FakeEmbedder

BOATS = "alpha beta gamma delta epsilon zeta".split()


def _nothing(stage: str, done: int, total: int) -> None:
    pass


def _lines(path: Path, *rows: dict[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


@pytest.fixture
def beir(tmp_path: Path) -> Path:
    """Six boats, one of them twice, one question each for three of them; two judgements of another are no answers."""
    folder = tmp_path / "boats"
    rows = [
        {"_id": f"d{n}", "title": f"Boat {boat}", "text": f"It lies at pier {boat}."} for n, boat in enumerate(BOATS)
    ]
    _lines(folder / "corpus.jsonl", *rows, rows[0] | {"_id": "again"}, {"_id": "empty", "title": "", "text": ""})
    _lines(folder / "queries.jsonl", *({"_id": boat, "text": f"Where is {boat}?"} for boat in BOATS))
    (folder / "qrels").mkdir()
    rows = ["query-id\tcorpus-id\tscore", "alpha\td0\t1", "beta\td1\t2", "gamma\td5\t1", "zeta\td5\t0", "zeta\td4\t-1"]
    (folder / "qrels/test.tsv").write_text("\n".join(rows) + "\n")
    return folder


@pytest.fixture
def spans(tmp_path: Path) -> Path:
    """A text of six sentences, and where two of them stand."""
    folder = tmp_path / "piers"
    sentences = [f"Boat {boat} lies at pier {boat} of the harbour.\r\n\r\n" for boat in BOATS]
    text = "".join(sentences)
    (folder / "corpora").mkdir(parents=True)
    (folder / "corpora/piers.txt").write_bytes(text.encode())
    questions = []
    for boat in ("beta", "zeta"):
        start = text.index(f"Boat {boat}")
        end = text.index(".", start) + 1
        reference = {"content": text[start:end], "start_index": start, "end_index": end}
        questions.append({"_id": boat, "text": f"boat {boat}", "corpus_id": "piers", "references": [reference]})
    _lines(folder / "questions.jsonl", *questions)
    return folder


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """An empty library of small chunks."""
    with Library.open(Settings(data_dir=tmp_path / "library", chunk_tokens=16), FakeEmbedder()) as opened:
        yield opened


def test_beir_set_is_read(beir: Path) -> None:
    """Titles become headings, questions without a judged answer are left out, grades are kept."""
    given = load_beir(beir)
    assert given.name == "boats"
    assert given.documents["d0"] == "# Boat alpha\n\nIt lies at pier alpha."
    assert given.questions == {boat: f"Where is {boat}?" for boat in ("alpha", "beta", "gamma")}
    assert given.grades == {"alpha": {"d0": 1}, "beta": {"d1": 2}, "gamma": {"d5": 1}}


def test_beir_set_is_run(beir: Path, library: Library) -> None:
    """Two questions are answered at the first rank; what is found for the third is not what was judged right."""
    experiment = run_beir(library, load_beir(beir), library.settings, _nothing)
    assert (experiment.documents, experiment.questions, experiment.unread) == (6, 3, ("empty.txt",))
    by_words = experiment.metrics[Source.KEYWORD]
    assert [by_words[key]["mrr@10"] for key in ("alpha", "beta", "gamma")] == [1, 1, 0]
    assert experiment.means(Source.KEYWORD)["ndcg@10"] == pytest.approx(2 / 3)


def test_same_text_under_two_ids_answers_under_both(beir: Path, library: Library) -> None:
    """A document that the library holds once is in the ranking under each of the set's ids."""
    (beir / "qrels/test.tsv").write_text("a\tb\tc\nalpha\td0\t1\nalpha\tagain\t1\n")
    experiment = run_beir(library, load_beir(beir), library.settings, _nothing)
    assert experiment.metrics[Source.KEYWORD]["alpha"]["ndcg@10"] == pytest.approx(1)


def test_span_set_is_run(spans: Path, library: Library) -> None:
    """Offsets of the file hold in the parsed text; each question's own sentence is found, among five that are read."""
    experiment = run_spans(library, load_spans(spans), library.settings, _nothing)
    assert experiment.documents == 1
    found = experiment.metrics[Source.KEYWORD]["beta"]
    assert (found["mrr@10"], found["recall@5"]) == (1, 1)
    hits = retrieve(library, "boat beta", library.settings).rankings[Source.KEYWORD][:5]
    read = sum(hit.chunk.end - hit.chunk.start for hit in hits)
    assert len(hits) == 5
    assert found["precision@5"] == pytest.approx(len("Boat beta lies at pier beta of the harbour.") / read)
    assert found["iou@5"] == pytest.approx(found["precision@5"])  # nothing that answers was missed


def test_reference_is_placed_where_it_is_nearest() -> None:
    """White space may differ, and the same words may stand in several places."""
    text = "no harm done.\nIt was so.\n\nNo harm\ndone. It was so."
    assert placed(Reference("a.txt", "It was so.", 40, 50), text).start == text.rindex("It was so.")
    assert placed(Reference("a.txt", "No harm done.", 0, 13), text).content == "No harm\ndone."
    with pytest.raises(SetRefused, match=r"a\.txt does not hold what should answer: 'Nowhere\.'"):
        placed(Reference("a.txt", "Nowhere.", 0, 8), text)


def test_other_documents_are_refused(beir: Path, library: Library) -> None:
    """A measurement among a person's own documents would be of neither."""
    library.add("mine.txt", b"My own words.")
    with pytest.raises(SetRefused, match=r"1 other documents, say mine\.txt"):
        run_beir(library, load_beir(beir), library.settings, _nothing)


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("corpus.jsonl", None, "could not be read: No such file"),
        ("corpus.jsonl", '{"_id": "d0"}\n', "line 1: 'text' is missing"),
        ("corpus.jsonl", "[]\n", "line 1: a JSON object was expected"),
        ("queries.jsonl", "{", "is not JSON in UTF-8"),
        ("qrels/test.tsv", "a\tb\tc\n", "judges no document as an answer"),
        ("qrels/test.tsv", "a\tb\tc\nalpha\td0\n", "question, document and grade in each row"),
        ("qrels/test.tsv", "a\tb\tc\nnobody\td0\t1\n", "question nobody, which is not in queries"),
    ],
)
def test_set_that_cannot_be_read_is_refused(beir: Path, file: str, content: str | None, message: str) -> None:
    """The file is named, and what is wrong with it."""
    (beir / file).unlink()
    if content is not None:
        (beir / file).write_text(content)
    with pytest.raises(SetRefused, match=message) as refusal:
        load_beir(beir)
    assert str(beir / file) in str(refusal.value)


def test_span_set_without_its_text_is_refused(spans: Path) -> None:
    """A question about a text that is not there."""
    (spans / "corpora/piers.txt").rename(spans / "corpora/quays.txt")
    with pytest.raises(SetRefused, match="line 1: it needs _id, text, corpus_id and references"):
        load_spans(spans)


@pytest.mark.parametrize("kind", ["beir", "spans"])
def test_reranker_is_a_fourth_ranking(request: pytest.FixtureRequest, library: Library, kind: str) -> None:
    """With words as the only meaning and all the weight, it answers what its own order answers; and is compared."""
    folder: Path = request.getfixturevalue(kind)
    settings = library.settings.model_copy(update={"reranker": "late-interaction", "rerank_weight": 1.0})
    if kind == "beir":
        experiment = run_beir(library, load_beir(folder), settings, _nothing)
    else:
        experiment = run_spans(library, load_spans(folder), settings, _nothing)
    assert list(experiment.metrics) == [Source.DENSE, Source.KEYWORD, Source.FUSED, Source.RERANKED]
    assert experiment.metrics[Source.RERANKED]["beta"]["mrr@10"] == 1
    pairs = list(experiment.differences("ndcg@10"))
    assert pairs[:3] == [(Source.RERANKED, other) for other in (Source.FUSED, Source.KEYWORD, Source.DENSE)]
    assert len(pairs) == 6


def test_command_measures_a_reranker(beir: Path, tmp_path: Path) -> None:
    """Named as an option or in the environment: the same figures, in JSON and in a table that stays straight."""
    shown = json_of("evaluate", "--beir", beir, "--reranker", "late-interaction", data=tmp_path / "kept")
    assert shown["reranked"].keys() == shown["fused"].keys()
    assert ("reranked", "fused") in {(found["ranking"], found["against"]) for found in shown["differences"]}
    arguments = ("evaluate", "--beir", beir)
    table = run_cli(*arguments, data=tmp_path / "kept", SIGHTLINE_RERANKER="late-interaction").stdout.splitlines()
    rows = [line for line in table if line.startswith(("fused", "reranked"))]
    assert f"{shown['reranked']['ndcg@10']:.3f}" in rows[1]
    assert len(rows[0]) == len(rows[1])
    assert len({line.index("[") for line in table if line.endswith("]")}) == 1


def test_reranker_that_is_not_there_is_said_before_the_work(beir: Path, tmp_path: Path) -> None:
    """Nothing is added for a measurement that cannot be made."""
    done = run_cli("evaluate", "--beir", beir, "--reranker", str(tmp_path / "none"), data=tmp_path / "kept")
    assert (done.returncode, done.stdout) == (1, "")
    assert "could not be loaded" in done.stderr
    assert json_of("list", data=tmp_path / "kept") == []


@pytest.mark.parametrize("kind", ["beir", "spans"])
def test_command_prints_the_measures(request: pytest.FixtureRequest, tmp_path: Path, kind: str) -> None:
    """With the real model: the same in JSON and in the table, and the library is kept where that is asked for."""
    folder: Path = request.getfixturevalue(kind)
    shown = json_of("evaluate", f"--{kind}", folder, data=tmp_path / "kept")
    assert (shown["set"], shown["reranked"]) == (folder.name, None)
    assert {"ndcg@10", "recall@5", "recall@10", "recall@50", "mrr@10"} <= shown["fused"].keys()
    assert ("iou@5" in shown["dense"]) == (kind == "spans")
    assert {difference["measure"] for difference in shown["differences"]} == {"ndcg@10", "recall@5"}
    table = run_cli("evaluate", f"--{kind}", folder, data=tmp_path / "kept").stdout
    assert f"{shown['fused']['ndcg@10']:.3f}" in next(line for line in table.splitlines() if line.startswith("fused"))
    assert (tmp_path / "kept/library.db").exists()
