"""What a benchmark took of the machine (Linux: it is read from /proc)."""

import os
import platform
import resource
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_MEGABYTE = 1024 * 1024


def cpu_seconds() -> float:
    """CPU time of this process and of all that it started, by whatever way, ended or not."""
    stats = dict(filter(None, map(_stat, Path("/proc").glob("[0-9]*/stat"))))
    family = {os.getpid()}
    while more := {pid for pid, (parent, _) in stats.items() if parent in family} - family:
        family |= more
    return sum(stats[pid][1] for pid in family) / _TICKS


def peak_megabytes() -> float:
    """The most memory that this process ever held (resident)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / _MEGABYTE


def resident_megabytes() -> float:
    """The memory that this process holds now (resident)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / _MEGABYTE


def machine() -> str:
    """One line about where the figures were measured, and how busy it was with other things."""
    load = os.getloadavg()[0]
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, load {load:.1f} before"


def _stat(path: Path) -> tuple[int, tuple[int, int]] | None:
    try:
        fields = path.read_text().rpartition(")")[2].split()
    except OSError:
        return None  # it ended just now
    return int(path.parent.name), (int(fields[1]), sum(map(int, fields[11:15])))
