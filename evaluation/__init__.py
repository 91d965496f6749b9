"""Is it any good? Questions with known answers, and metrics. Knows rag, not the page."""
