"""One drawing per file."""
