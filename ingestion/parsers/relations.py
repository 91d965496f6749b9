"""Which part of an office package refers to which: the `.rels` files."""

from collections.abc import Mapping
from dataclasses import dataclass
from posixpath import basename, dirname, join, normpath

from ingestion.parsers.xml_tree import read_xml


@dataclass(frozen=True, slots=True)
class Relation:
    """A reference: its id, the last word of its type, and the name of the part."""

    id: str
    kind: str
    target: str


def relations(parts: Mapping[str, bytes], name: str) -> list[Relation]:
    """What the part `name` refers to inside the package; references to the outside are left out."""
    found = parts.get(join(dirname(name), "_rels", f"{basename(name)}.rels"))
    if found is None:
        return []
    return [
        Relation(entry.get("Id", ""), entry.get("Type", "").rpartition("/")[2], target)
        for entry in read_xml(found).iter("Relationship")
        if entry.get("TargetMode") != "External" and (target := resolve(name, entry.get("Target", ""))) in parts
    ]


def targets(parts: Mapping[str, bytes], name: str, kind: str) -> list[str]:
    """The parts of one kind that `name` refers to."""
    return [relation.target for relation in relations(parts, name) if relation.kind == kind]


def resolve(name: str, target: str) -> str:
    """The name of the part that `target` means inside the part `name`: ("a/b.xml", "../c.xml") -> "c.xml"."""
    return normpath(join("/", dirname(name), target)).lstrip("/")
