"""Files are read in a process of their own, which may be lost.

`parse_in_child` is `ingestion.parsing.parse` behind a wall: what a hostile file does to its reader stays there.
"""

from ingestion.sandbox.parent import ParsingCancelled, Sandbox, SandboxFailed, parse_in_child

__all__ = ["ParsingCancelled", "Sandbox", "SandboxFailed", "parse_in_child"]
