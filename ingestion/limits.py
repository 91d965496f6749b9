"""How large a file may be before it is refused. Chosen so that one upload cannot take the machine."""

MAX_FILE_BYTES = 50 * 1024 * 1024
MAX_PAGES = 2_000
MAX_TEXT_CHARACTERS = 20_000_000

# Most office files are zip archives: a small one may unpack to more than the memory of the machine.
MAX_UNPACKED_BYTES = 200 * 1024 * 1024
MAX_UNPACKED_RATIO = 100
MAX_ARCHIVE_PARTS = 5_000

# Of a table, what is over these is left out, and a warning says so.
MAX_TABLE_ROWS = 50_000
MAX_TABLE_COLUMNS = 500

# What the process that reads one file may take (ingestion/sandbox).
MAX_SECONDS = 60
MAX_MEMORY_BYTES = 1024 * 1024 * 1024  # over what the process takes before it has seen the file
MAX_WRITTEN_BYTES = 0  # no file may grow; programs that a parser starts are spoken to through pipes
MAX_HEADINGS = 100_000

# Of an e-mail, what is over these is named, but not read.
MAX_ATTACHMENTS = 20
MAX_ATTACHMENT_BYTES = 20 * 1024 * 1024

# Text recognition (OCR): what cannot be read in this time is named in a warning.
MAX_PICTURE_PIXELS = 50_000_000
MAX_OCR_SECONDS = 40
MAX_OCR_PAGE_SECONDS = 20
