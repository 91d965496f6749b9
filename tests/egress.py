"""Records where a process and its children connect to: by strace, or where that is missing, by a Python audit hook."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path

INSTALL_STRACE = "sudo apt-get install strace   (or your system's way)"
DNS_PORT = 53
ROOT = Path(__file__).parents[1]

_STRACE = "strace -f -qq --seccomp-bpf -e trace=connect,sendto,sendmsg,sendmmsg".split()
_FAMILY = re.compile(r"sa_family=AF_(\w+)")
_ADDRESS = re.compile(
    r'sin_port=htons\((\d+)\), sin_addr=inet_addr\("([^"]+)"\)'
    r'|sin6_port=htons\((\d+)\).*?inet_pton\(AF_INET6, "([^"]+)"'
)
_LOCAL_FAMILIES = {"UNIX", "LOCAL", "NETLINK", "UNSPEC"}
_HOOK = """
import os, sys
_log = os.open(os.environ["EGRESS_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
def _hook(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1] if len(arguments) > 1 else None
        if isinstance(address, tuple) and len(address) >= 2:
            os.write(_log, f"{address[1]} {address[0]}\\n".encode())
    elif event in ("socket.getaddrinfo", "socket.gethostbyname") and arguments[0] not in (None, "", "localhost"):
        os.write(_log, f"0 {arguments[0]}\\n".encode())
sys.addaudithook(_hook)
"""


def strace_works() -> bool:
    """Whether strace is installed and allowed here (some containers forbid ptrace)."""
    if shutil.which("strace") is None:
        return False
    return subprocess.run([*_STRACE, "-o", os.devnull, "true"], capture_output=True).returncode == 0


def recorder_name() -> str:
    """How connections are recorded here; a test says it."""
    return "strace" if strace_works() else "a Python audit hook, which native code escapes"


@contextmanager
def recorded(
    command: list[str], log: Path, environment: Mapping[str, str], *, use_strace: bool
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a command at the root of the project while its connections are recorded in `log`; ends it on leaving.

    What it prints goes to `output_of(log)`.
    """
    environment = dict(environment)
    if use_strace:
        command = [*_STRACE, "-o", str(log), *command]
    else:
        hook = log.with_name(f"{log.name}-hook")
        hook.mkdir()
        (hook / "sitecustomize.py").write_text(_HOOK)
        log.touch()
        environment |= {"PYTHONPATH": str(hook), "EGRESS_LOG": str(log)}
    with (
        output_of(log).open("wb") as output,
        subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            yield process
        finally:
            _end(process)


def output_of(log: Path) -> Path:
    """Where the recorded process printed to."""
    return log.with_name(f"{log.name}-output")


def _end(process: subprocess.Popen[bytes]) -> None:
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None:
            return
        os.killpg(process.pid, sign)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            continue


def departures(log: Path) -> list[str]:
    """Each line of the log that leaves the machine; a name look-up counts, whoever answers it."""
    return sorted({line for line in log.read_text(errors="replace").splitlines() if _leaves(line)})


def _leaves(line: str) -> bool:
    if re.match(r"\d+ \S+$", line):  # of the audit hook: port and host
        port, host = line.split()
        return _is_outside(int(port), host)
    if any(family not in {*_LOCAL_FAMILIES, "INET", "INET6"} for family in _FAMILY.findall(line)):
        return True
    found = _ADDRESS.findall(line)
    return any(_is_outside(int(port or port6), host or host6) for port, host, port6, host6 in found)


def _is_outside(port: int, host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return host != "localhost"
    mapped = getattr(address, "ipv4_mapped", None) or address
    return port == DNS_PORT or not (mapped.is_loopback or mapped.is_unspecified)
