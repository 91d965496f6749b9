"""What a process that reads files can no longer do.

| what                          | Linux                                           | macOS                          |
|-------------------------------|-------------------------------------------------|--------------------------------|
| memory, 1 GB over the start   | RLIMIT_AS                                       | not held by the system         |
| processor time                | RLIMIT_CPU                                      | RLIMIT_CPU                     |
| growing a file                | RLIMIT_FSIZE, Landlock                          | RLIMIT_FSIZE                   |
| writing, reading other files  | Landlock, where the kernel has it (5.13)        | only what the account may not  |
| network                       | a network of its own with nothing in it, where  | a Python audit hook, which     |
|                               | the system lets a process have one; Landlock    | native code escapes            |
|                               | for TCP (6.7); else the audit hook              |                                |

The wall time is kept by the parent. Sockets that lie in the file system are out of reach of Python code only.
"""

import ctypes
import os
import resource
import signal
import sys
from pathlib import Path

from ingestion import limits

_NETWORK = {"socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"}
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_NO_NEW_PRIVILEGES, _DIE_WITH_PARENT = 38, 1
_GRACE_SECONDS = 2
_OOM_SCORE = "1000"  # if the machine runs out of memory, this process goes first

# Landlock: the numbers are the same on every processor; bits and sizes grew with its versions.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_VERSION_ONLY, _PATH_BENEATH = 1, 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_FILE_BITS = {1: 13, 2: 14, 3: 15, 4: 15}
_FILE_BITS_NOW = 16
_TCP_VERSION, _SCOPE_VERSION = 4, 6
_TCP = 0b11  # bind, connect
_SCOPES = 0b11  # abstract sockets, signals to processes outside
_READABLE = (
    *("/usr", "/lib", "/lib64", "/bin", "/opt", "/nix/store", "/etc/ld.so.cache", "/etc/fonts", "/etc/localtime"),
    *("/dev/urandom", "/dev/null", "/sys/devices/system/cpu"),
)


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def confine_server() -> None:
    """Take away what no reader needs, once everything is imported; it cannot be given back."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.addaudithook(_refuse_network)
    if sys.platform == "linux":
        Path("/proc/self/oom_score_adj").write_text(_OOM_SCORE)
        _leave_network()
        _restrict_files()


def memory_limit_bytes() -> int | None:
    """How much the reading processes may take, measured before the first of them; None where it cannot be held."""
    if sys.platform != "linux":
        return None
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize() + limits.MAX_MEMORY_BYTES + limits.MAX_FILE_BYTES


def confine_worker(memory_bytes: int | None) -> None:
    """Set the limits of the process that is about to read files."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (limits.MAX_WRITTEN_BYTES, limits.MAX_WRITTEN_BYTES))
    if memory_bytes is not None:
        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    if sys.platform == "linux":
        _libc().prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)


def allow_processor_time() -> None:
    """Let the process run for as long as one file may take, from now on."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime) + limits.MAX_SECONDS + _GRACE_SECONDS
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _refuse_network(event: str, arguments: tuple[object, ...]) -> None:
    if event in _NETWORK:
        raise PermissionError("the process that reads files has no network")


def _leave_network() -> None:
    """Enter a network with nothing in it: as root, or as the root of a user namespace where one may be had."""
    libc = _libc()
    if libc.unshare(_CLONE_NEWNET):
        libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)


def landlock_version() -> int:
    """The version of Landlock in this kernel; 0 without it."""
    if sys.platform != "linux":
        return 0
    return max(0, int(_libc().syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION_ONLY)))


def _restrict_files() -> None:
    """Let nothing be written, and only libraries, fonts and programs be read; no TCP either."""
    libc, version = _libc(), landlock_version()
    if not version:
        return
    files = (1 << _FILE_BITS.get(version, _FILE_BITS_NOW)) - 1
    rules = _Ruleset(files, _TCP if version >= _TCP_VERSION else 0, _SCOPES if version >= _SCOPE_VERSION else 0)
    size = 8 if version < _TCP_VERSION else 16 if version < _SCOPE_VERSION else 24
    ruleset = libc.syscall(_CREATE_RULESET, ctypes.byref(rules), ctypes.c_size_t(size), 0)
    product = Path(__file__).parents[1]
    places = {Path(path) for path in (*_READABLE, *sys.path, sys.prefix, sys.base_prefix)}
    for path in {*places, product} - {product.parent}:  # the documents may lie beside the product
        _allow_reading(ruleset, path)
    libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    libc.syscall(_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def _allow_reading(ruleset: int, path: Path) -> None:
    if not path.exists():
        return
    place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    allowed = _READ_FILE | _EXECUTE | (_READ_DIR if path.is_dir() else 0)
    rule = _PathBeneath(allowed | (_WRITE_FILE if path == Path(os.devnull) else 0), place)
    _libc().syscall(_ADD_RULE, ruleset, _PATH_BENEATH, ctypes.byref(rule), 0)
    os.close(place)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
