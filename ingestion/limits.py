"""How large a file may be before it is refused. Chosen so that one upload cannot take the machine."""

MAX_FILE_BYTES = 50 * 1024 * 1024
MAX_PAGES = 2_000
MAX_TEXT_CHARACTERS = 20_000_000
