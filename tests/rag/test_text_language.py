"""Which language a text is in, and where nobody could tell."""

import pytest

from rag.text_language import language_of

GERMAN = "Die Bücher liegen seit gestern auf dem Tisch neben dem Fenster. "


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The books have been lying on the table next to the window since yesterday.", "en"),
        (GERMAN, "de"),
        ("Los libros están desde ayer en la mesa, al lado de la ventana de la cocina.", "es"),
        ("Les livres sont depuis hier sur la table, à côté de la fenêtre de la cuisine.", "fr"),
        ("I libri sono da ieri sul tavolo accanto alla finestra della cucina.", "it"),
        ("Os livros estão desde ontem na mesa, ao lado da janela da cozinha.", "pt"),
        ("De boeken liggen sinds gisteren op de tafel naast het raam.", "nl"),
        ("Książki leżą od wczoraj na stole obok okna.", "pl"),
        ("Els llibres són des d'ahir a la taula, al costat de la finestra.", "ca"),
        ("Со вчерашнего дня книги лежат на столе рядом с окном, и никто их не читает.", "ru"),
        ("这些书从昨天开始就放在窗边的桌子上。", "zh"),
    ],
)
def test_language_of_a_sentence(text: str, language: str) -> None:
    """One sentence is enough; languages that are alike are told apart."""
    assert language_of(text) == language


@pytest.mark.parametrize(
    "text",
    ["", " \n", "?!", "Refund", "AX-400", "| 12.50 | 13.50 |\n| 7.20 | 8.00 |", "for i in range(10):\n    x[i] += 1"],
)
def test_language_that_cannot_be_told(text: str) -> None:
    """Nothing, a word, a table of numbers and program code are of no language."""
    assert language_of(text) is None


def test_beginning_of_a_text_is_enough() -> None:
    """What follows the first thousand characters does not count, however long it is."""
    english = "The books have been lying on the table since yesterday. "
    assert language_of(GERMAN * 20 + english * 100) == "de"
    assert language_of(english * 20 + GERMAN * 100) == "en"
