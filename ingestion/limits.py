"""How large a file may be before it is refused. Chosen so that one upload cannot take the machine."""

MAX_FILE_BYTES = 50 * 1024 * 1024
MAX_PAGES = 2_000
MAX_TEXT_CHARACTERS = 20_000_000

# A DOCX is a zip archive: a small one may unpack to more than the memory of the machine.
MAX_UNPACKED_BYTES = 200 * 1024 * 1024
MAX_UNPACKED_RATIO = 100
MAX_ARCHIVE_PARTS = 5_000
