"""What can go wrong around the library and the models.

SightlineError (ingestion.errors)
├── LibraryInUse      another process owns the data folder
├── LibraryMismatch   the library was built with something that is not here
├── LibraryDamaged    a file of the truth is not whole; a backup is needed
├── StorageFailed     the disk is full, or the folder cannot be written
├── UnknownDocument   no document or chunk with this id
├── ModelUnavailable  a model cannot be loaded, or cannot do what the settings ask of it
├── CacheUnavailable  a cache that the settings ask for cannot be had; the text says what to do
├── Cancelled         a person stopped the work; nothing of it stays
└── EndpointError     the chat endpoint said no; the text says what to do
"""

from ingestion.errors import SightlineError


class LibraryInUse(SightlineError):
    """Another process owns the data folder."""


class LibraryMismatch(SightlineError):
    """The library was built with something that is not here: a layout, or a model."""


class LibraryDamaged(SightlineError):
    """A file that holds the truth is not whole."""


class StorageFailed(SightlineError):
    """The disk is full, or the folder cannot be written."""


class UnknownDocument(SightlineError):
    """There is no document or chunk with this id."""


class ModelUnavailable(SightlineError):
    """A model cannot be loaded, or cannot do what the settings ask of it."""


class CacheUnavailable(SightlineError):
    """A cache that the settings ask for cannot be had."""


class Cancelled(SightlineError):
    """A person stopped the work."""


class EndpointError(SightlineError):
    """The chat endpoint could not answer; the text says why in plain words."""
