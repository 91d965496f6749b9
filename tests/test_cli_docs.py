"""What the terminal says of itself: the help texts, and docs/terminal.md."""

import argparse
import re
import subprocess
import sys

import pytest

from cli import parser
from tests.cli_calls import ROOT

PAGE = (ROOT / "docs/terminal.md").read_text()
COMMANDS: dict[str, argparse.ArgumentParser] = next(
    dict(action.choices) for action in parser()._actions if isinstance(action, argparse._SubParsersAction)
)
COMMON = {"--json", "--data", "--help"}


def section(command: str) -> str:
    """What the page says of one command."""
    found = re.search(rf"^## {command}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"docs/terminal.md has no section {command}"
    return found.group(1)


def options_of(command: str) -> set[str]:
    """The options of a command in their long form, or the only one they have."""
    return {action.option_strings[-1] for action in COMMANDS[command]._actions if action.option_strings}


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example(command: str) -> None:
    """Every command explains itself, each argument too, with an example that its own parser accepts."""
    text = COMMANDS[command].format_help()
    examples = re.findall(r"^  cli\.py (.+)$", text.split("example", 1)[1], re.MULTILINE)
    assert examples
    for example in examples:
        words = [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', example)]
        assert parser().parse_args(words).run
        assert words[0] == command
    assert all(action.help for action in COMMANDS[command]._actions)


def test_help_is_printed_in_80_columns() -> None:
    """The list of commands is there without loading anything, and fits a terminal."""
    done = subprocess.run([sys.executable, str(ROOT / "cli.py"), "--help"], capture_output=True, text=True)
    assert done.returncode == 0
    assert all(f"\n    {command} " in done.stdout for command in COMMANDS)
    assert max(map(len, done.stdout.splitlines())) <= 80


@pytest.mark.parametrize("command", COMMANDS)
def test_page_has_every_option(command: str) -> None:
    """Each command has a section with an example, all its own options, no other, and its JSON."""
    text = section(command)
    assert f"cli.py {command}" in text
    assert set(re.findall(r"`(--?[a-z-]+)", text)) - COMMON == options_of(command) - COMMON
    assert "```json" in text


def test_page_has_the_common_options() -> None:
    """What every command takes stands before the first of them."""
    introduction = PAGE.split("\n## ", 1)[0]
    assert all(f"`{option}" in introduction for option in COMMON)


def test_page_has_no_other_command() -> None:
    """A section is a command."""
    assert re.findall(r"^## (.+)$", PAGE, re.MULTILINE) == list(COMMANDS)
