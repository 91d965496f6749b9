"""A file becomes chunks. Knows no vectors, no model, no page."""
