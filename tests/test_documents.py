"""What the documents say is true: commands and files exist, every setting is described."""

import argparse
import re
import subprocess
from pathlib import Path
from typing import Literal, get_args, get_origin

import pytest

from rag.settings import Settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
SETTINGS_PAGE = (ROOT / "docs/settings.md").read_text()
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "benchmarks").glob("*.md")])
LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")


def code_of(document: str) -> str:
    """Everything that stands as code: fenced blocks and `words`."""
    return "\n".join(re.findall(r"```.*?```|`[^`\n]+`", document, re.DOTALL))


def default_text(default: object) -> str:
    """A default as the page shows it; folders of the home directory start with ~."""
    if isinstance(default, Path):
        return f"`~/{default.relative_to(Path.home()).as_posix()}`"
    return "not set" if default is None else f"`{default}`"


def values_text(name: str) -> str:
    """What a setting may be: its words, or its limits."""
    field = Settings.model_fields[name]
    if get_origin(field.annotation) is Literal:
        return " or ".join(f"`{value}`" for value in get_args(field.annotation))
    low = next((limit.ge for limit in field.metadata if hasattr(limit, "ge")), None)
    high = next((limit.le for limit in field.metadata if hasattr(limit, "le")), None)
    if high is not None:
        return f"{low} to {high:,}"
    return "" if low is None else f"{low} or more"


def settings_rows() -> list[str]:
    """The table of docs/settings.md as the code has it."""
    return [
        f"| `SIGHTLINE_{name.upper()}` | {field.description} | {default_text(field.default)} | {values_text(name)} |"
        for name, field in Settings.model_fields.items()
    ]


def test_settings_page_is_true() -> None:
    """The table lists every setting with its description, default and limits as they are in the code."""
    rows = [line for line in SETTINGS_PAGE.splitlines() if line.startswith("| `SIGHTLINE_")]
    expected = settings_rows()
    assert rows == expected, "docs/settings.md should say:\n" + "\n".join(expected)


def test_readme_is_short() -> None:
    """The README can be read in one go."""
    assert README.count("\n") <= 150


def test_readme_make_targets_exist() -> None:
    """Every `make target` of the README is a target."""
    targets = set(re.findall(r"\bmake ([a-z-]+)", code_of(README)))
    assert targets
    for target in targets:
        done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, f"make {target}: {done.stderr}"


def test_readme_commands_exist() -> None:
    """Every `cli.py command` of the README is one, with the options shown, and no command is left out."""
    from cli import parser

    choices = next(a.choices for a in parser()._actions if isinstance(a, argparse._SubParsersAction))
    shown = re.findall(r"cli\.py ([a-z]+)([^\n`]*)", code_of(README))
    assert {name for name, _ in shown} == set(choices)
    for name, rest in shown:
        for option in re.findall(r"(?<=\s)--?[a-z-]+", rest):
            assert option in choices[name].format_help(), f"cli.py {name} has no {option}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_resolve(document: Path) -> None:
    """Every link to a file leads to one."""
    for target in LINK.findall(document.read_text()):
        assert (document.parent / target).exists(), f"{document.name} links to {target}"


def test_changelog_has_unreleased() -> None:
    """Changes since the last release stand on top."""
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert headings[0] == "[Unreleased]"


def test_every_document_is_linked() -> None:
    """A page of docs/ can be reached from the README."""
    for page in (ROOT / "docs").glob("*.md"):
        assert f"docs/{page.name}" in README
