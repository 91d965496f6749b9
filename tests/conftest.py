"""Golden files: `golden("name.md", text)` compares with the file, `pytest --update-golden` writes it."""

from collections.abc import Callable

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--update-golden`."""
    parser.addoption("--update-golden", action="store_true", help="write the golden files instead of comparing")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with the file of that name in the `golden` folder beside the nearest test package."""
    folder = next(place / "golden" for place in request.path.parents if (place / "golden").is_dir())

    def compare(name: str, text: str) -> None:
        path = folder / name
        if request.config.getoption("update_golden"):
            path.write_text(text + "\n", encoding="utf-8")
        assert text + "\n" == path.read_text(encoding="utf-8"), f"differs from {path}; see pytest --update-golden"

    return compare
