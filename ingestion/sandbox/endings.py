"""What is said about a file whose reader did not come to its end."""

import signal

from ingestion import limits
from ingestion.errors import DamagedFile, FileRefused, FileTooLarge

_MUCH = limits.MAX_MEMORY_BYTES // 2  # native code that gets no more memory ends itself, like one that crashes


def too_slow(name: str) -> FileTooLarge:
    """The refusal of a file that takes too long."""
    return FileTooLarge(f"{name} took longer than {limits.MAX_SECONDS} s to read and was stopped; split it.")


def too_much_memory(name: str) -> FileTooLarge:
    """The refusal of a file that asks for more memory than it gets."""
    gigabytes = limits.MAX_MEMORY_BYTES / (1024 * 1024 * 1024)
    return FileTooLarge(f"{name} needs more than {gigabytes:.0f} GB of memory to be read; split it.")


def crashed(name: str) -> DamagedFile:
    """The refusal of a file that breaks its reader."""
    return DamagedFile(f"{name} crashed the parser; open it where it was made and save it again.")


def refusal_after(name: str, status: int, peak_bytes: int) -> FileRefused:
    """The refusal that fits how the reader ended: its wait status, and the most memory it held at a time."""
    signal_number = status & 0x7F
    if signal_number == signal.SIGXCPU:
        return too_slow(name)
    if signal_number == signal.SIGKILL or (signal_number and peak_bytes > _MUCH):
        return too_much_memory(name)
    return crashed(name)
