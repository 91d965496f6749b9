"""The tree keeps the rules of ARCHITECTURE.md, and the checker of those rules sees what breaks them."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture import LAYERS, sources, violations

ROOT = Path(__file__).parents[1]

PLANTED = {
    "a layer imports upwards": ("rag/pipeline.py", "import streamlit_app", "rag may not import streamlit_app"),
    "lab imports evaluation": ("lab/bm25.py", "from evaluation import metrics", "lab may not import evaluation"),
    "the command line imports the page": ("cli.py", "from ui.session import x", "cli may not import ui"),
    "a lazy import": ("ingestion/a.py", "def f():\n    import rag.types", "ingestion may not import rag"),
    "an import by name": ("rag/a.py", "importlib.import_module('chromadb')", "outside rag/vector_store.py"),
    "a package away from home": (
        "rag/library.py",
        "from chromadb.config import Settings",
        "chromadb is imported outside",
    ),
    "a package without a home": ("rag/a.py", "import requests", "requests has no home"),
    "streamlit in the engine": ("rag/a.py", "import streamlit as st", "streamlit is imported outside"),
    "session state elsewhere": ("ui/pages/chat.py", "st.session_state['a'] = 1", "session_state outside"),
    "a cache elsewhere": ("ui/app.py", "@st.cache_data\ndef f(): ...", "a Streamlit cache outside"),
    "the environment": ("rag/a.py", "import os\nos.environ['A'] = 'b'", "the environment outside"),
    "the environment by another name": ("rag/a.py", "from os import environ", "the environment outside"),
    "a print": ("rag/a.py", "print('hello')", "print outside cli.py"),
    "unsafe html": ("ui/a.py", "st.markdown('<b>', unsafe_allow_html=True)", "unsafe HTML outside every file"),
    "raw html elsewhere": ("ui/pages/chat.py", "st.html('<b>')", "st.html outside"),
}


def test_tree_keeps_the_rules() -> None:
    """No file of the product breaks a rule."""
    assert violations(ROOT) == []


@pytest.mark.parametrize(("path", "code", "complaint"), PLANTED.values(), ids=PLANTED)
def test_checker_sees_a_planted_violation(tmp_path: Path, path: str, code: str, complaint: str) -> None:
    """Each rule, broken in an otherwise empty tree, is reported with its file and line."""
    file = tmp_path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(code)
    found = violations(tmp_path)
    assert len(found) == 1, found
    assert found[0].startswith(f"{path}:")
    assert complaint in found[0]


def test_checker_sees_a_second_home(tmp_path: Path) -> None:
    """A package whose home is given as a pattern still has one home only."""
    (tmp_path / "ingestion/parsers").mkdir(parents=True)
    for name in ("office", "html"):
        (tmp_path / f"ingestion/parsers/{name}.py").write_text("import kreuzberg")
    assert violations(tmp_path) == [
        "ingestion/parsers/html.py, ingestion/parsers/office.py: kreuzberg has more than one home"
    ]


def test_checker_accepts_what_is_allowed(tmp_path: Path) -> None:
    """Imports that run downwards, home files, and the places of state and caches raise nothing."""
    allowed = {
        "cli.py": "from rag import types\nprint('hello')",
        "rag/vector_store.py": "import chromadb\nimport numpy as np\nfrom ingestion.types import Chunk",
        "ui/session.py": "import streamlit as st\nst.session_state['a'] = 1",
        "ui/resources.py": "import streamlit as st\n@st.cache_resource\ndef f(): ...",
    }
    for path, code in allowed.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(code)
    assert violations(tmp_path) == []


def test_checker_sees_every_file_at_the_top() -> None:
    """A new file or folder at the top has to be given a layer."""
    others = {"tests", "benchmarks"}
    tops = {path.relative_to(ROOT).parts[0].removesuffix(".py") for path in ROOT.glob("*.py")}
    tops |= {path.parent.relative_to(ROOT).parts[0] for path in ROOT.glob("[!.]*/*.py")}
    assert tops - others <= set(LAYERS)


@pytest.mark.parametrize("part", ["ingestion", "rag", "rag.types", "rag.settings"])
def test_import_is_light(part: str) -> None:
    """Importing the engine loads neither a model library nor the page."""
    heavy = {"torch", "transformers", "sentence_transformers", "streamlit"}
    code = f"import sys, {part}; print(*({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr


def test_functions_are_short() -> None:
    """No function of the product is longer than 60 lines, no module than 350."""
    for source in sources(ROOT):
        lines = (ROOT / source.path).read_text().count("\n")
        assert lines <= 350, f"{source.path} has {lines} lines"
        for node in ast.walk(source.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno
                assert length <= 60, f"{source.path}:{node.lineno}: {node.name} has {length} lines"
