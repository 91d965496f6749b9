"""What can be wrong with a file.

SightlineError            everything this project raises on purpose; catch it once, at the door
└── FileRefused           this file cannot be added; the others go on
    ├── UnsupportedType   no parser for its suffix, or the bytes are something else
    ├── EmptyFile         no bytes
    ├── NoText            readable, but without a word of text (a scan, say)
    ├── EncryptedFile     asks for a password
    ├── DamagedFile       the parser gave up
    └── FileTooLarge      over a limit of `ingestion.limits`

Every message is one sentence for the person who chose the file: its name, what was found, what to do.
"""


class SightlineError(Exception):
    """Base of every error raised on purpose; its text is fit to be shown."""


class FileRefused(SightlineError):
    """A file that cannot be added."""


class UnsupportedType(FileRefused):
    """No parser takes this kind of file."""


class EmptyFile(FileRefused):
    """The file has no bytes."""


class NoText(FileRefused):
    """The file was read and holds no text."""


class EncryptedFile(FileRefused):
    """The file asks for a password."""


class DamagedFile(FileRefused):
    """The file could not be read to its end."""


class FileTooLarge(FileRefused):
    """The file is over a limit."""
