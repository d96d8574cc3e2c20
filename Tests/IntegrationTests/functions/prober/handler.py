"""Tries to get out of its sandbox; each probe says how far it came."""

import ctypes
import errno
import os
import socket
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

LIBC = ctypes.CDLL(None, use_errno=True)
# Of x86_64 and aarch64, for calls that libc has no function for.
NUMBERS = {
    "x86_64": {
        "ptrace": 101,
        "process_vm_readv": 310,
        "process_vm_writev": 311,
        "mount": 165,
        "umount2": 166,
        "pivot_root": 155,
        "chroot": 161,
        "unshare": 272,
        "setns": 308,
        "init_module": 175,
        "finit_module": 313,
        "delete_module": 176,
        "kexec_load": 246,
        "reboot": 169,
        "swapon": 167,
        "bpf": 321,
        "perf_event_open": 298,
        "keyctl": 250,
        "add_key": 248,
        "request_key": 249,
        "io_uring_setup": 425,
        "io_uring_enter": 426,
        "userfaultfd": 323,
        "open_by_handle_at": 304,
        "name_to_handle_at": 303,
        "move_mount": 429,
        "open_tree": 428,
        "fsopen": 430,
        "mount_setattr": 442,
        "clone3": 435,
        "pidfd_getfd": 438,
        "kcmp": 312,
        "settimeofday": 164,
        "clock_settime": 227,
        "sethostname": 170,
        "setdomainname": 171,
        "acct": 163,
        "quotactl": 179,
        "syslog": 103,
        "iopl": 172,
        "ioperm": 173,
        "mknod": 133,
        "personality": 135,
        "vhangup": 153,
        "lookup_dcookie": 212,
        "modify_ldt": 154,
        "seccomp": 317,
    },
    "aarch64": {
        "ptrace": 117,
        "process_vm_readv": 270,
        "process_vm_writev": 271,
        "mount": 40,
        "umount2": 39,
        "pivot_root": 41,
        "chroot": 51,
        "unshare": 97,
        "setns": 268,
        "init_module": 105,
        "finit_module": 273,
        "delete_module": 106,
        "kexec_load": 104,
        "reboot": 142,
        "swapon": 224,
        "bpf": 280,
        "perf_event_open": 241,
        "keyctl": 219,
        "add_key": 217,
        "request_key": 218,
        "io_uring_setup": 425,
        "io_uring_enter": 426,
        "userfaultfd": 282,
        "open_by_handle_at": 265,
        "name_to_handle_at": 264,
        "move_mount": 429,
        "open_tree": 428,
        "fsopen": 430,
        "mount_setattr": 442,
        "clone3": 435,
        "pidfd_getfd": 438,
        "kcmp": 272,
        "settimeofday": 170,
        "clock_settime": 112,
        "sethostname": 161,
        "setdomainname": 162,
        "acct": 89,
        "quotactl": 60,
        "syslog": 116,
        "personality": 92,
        "vhangup": 58,
        "seccomp": 277,
    },
}[os.uname().machine]


def predict(probe: str, argument: Any = None) -> Any:
    """Runs one of the functions below."""
    found: Callable[[Any], Any] = PROBES[probe]
    return found(argument)


def attempt(action: Callable[[], Any]) -> str:
    """What came of it: `done: ...`, or the name of the error."""
    try:
        return f"done: {action()!r}"
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))


def system_call(name: str) -> str:
    """Makes a system call with arguments that would do something were it allowed."""
    path = ctypes.create_string_buffer(b"/tmp")
    buffer = ctypes.create_string_buffer(256)
    arguments = {
        "ptrace": (16, 1, 0, 0),  # PTRACE_ATTACH to the zygote.
        "mount": (b"none", path, b"tmpfs", 0, 0),
        "unshare": (0x10000000,),  # CLONE_NEWUSER
        "chroot": (path,),
        "personality": (0x0040000,),  # ADDR_NO_RANDOMIZE
        "syslog": (3, buffer, 256),
        "io_uring_setup": (4, buffer),
        "keyctl": (0, -3, 1),
        "bpf": (0, buffer, 72),
        "perf_event_open": (buffer, 0, -1, -1, 0),
        "sethostname": (b"pwned", 5),
        "setdomainname": (b"pwned", 5),
        "mknod": (b"/tmp/memory", 0o020666, 0x101),
        "clone3": (buffer, 64),
        "seccomp": (2, 0, buffer),
    }.get(name, (1, buffer, 8, 0, 0, 0))
    ctypes.set_errno(0)
    result = LIBC.syscall(NUMBERS[name], *arguments)
    return f"done: {result}" if result >= 0 else errno.errorcode[ctypes.get_errno()]


def read(path: str) -> str:
    return attempt(lambda: Path(path).read_bytes()[:100])


def names(path: str) -> list[str] | str:
    try:
        return sorted(os.listdir(path))
    except OSError as error:
        return errno.errorcode[error.errno or 0]


def write(path: str) -> str:
    def act() -> int:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o644)
        try:
            return os.write(descriptor, b"1")
        finally:
            os.close(descriptor)

    return attempt(act)


def processes(_: Any) -> list[dict[str, Any]]:
    """Every process that can be seen, and its command line."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            command = Path(f"/proc/{name}/cmdline").read_bytes().replace(b"\0", b" ").decode()
            found.append({"pid": int(name), "command": command})
    return found


def connect(place: list[Any]) -> str:
    host, port = place

    def act() -> str:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as client:
            client.settimeout(2)
            client.connect((host, port))
            return "connected"

    return attempt(act)


def send_datagram(place: list[Any]) -> str:
    def act() -> int:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            return client.sendto(b"x", (place[0], place[1]))

    return attempt(act)


def resolve(name: str) -> str:
    return attempt(lambda: socket.getaddrinfo(name, 80))


def make_socket(arguments: list[int]) -> str:
    return attempt(lambda: socket.socket(*arguments).close())


def interfaces(_: Any) -> list[str]:
    return [name for _, name in socket.if_nameindex()]


def unix_sockets(_: Any) -> list[str]:
    """Names of Unix sockets in the network namespace, abstract ones too."""
    lines = Path("/proc/net/unix").read_text().splitlines()[1:]
    return [line.split()[7] for line in lines if len(line.split()) > 7]


def read_memory(pid: int) -> str:
    """Reads the memory of another process through /proc."""

    def act() -> bytes:
        line = next(x for x in Path(f"/proc/{pid}/maps").read_text().splitlines() if "rw-p" in x)
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
            memory.seek(int(line.partition("-")[0], 16))
            return memory.read(16)

    return attempt(act)


def send_signal(target: list[int]) -> str:
    return attempt(lambda: os.kill(target[0], target[1]))


def escalate(_: Any) -> dict[str, Any]:
    """Tries to become root, and says who it is then."""
    outcome = {
        "setuid": attempt(lambda: os.setuid(0)),
        "setgid": attempt(lambda: os.setgid(0)),
        "setgroups": attempt(lambda: os.setgroups([0])),
    }
    status = dict(
        line.split(":\t", 1)
        for line in Path("/proc/self/status").read_text().splitlines()
        if ":\t" in line
    )
    keys = ("Uid", "Gid", "Groups", "CapEff", "CapPrm", "CapBnd", "CapAmb", "NoNewPrivs", "Seccomp")
    return outcome | {key: status.get(key, "").strip() for key in keys}


def run_setuid(_: Any) -> dict[str, Any]:
    """Runs set-user-id programs and says as whom they ran."""
    found = {}
    for folder in ("/usr/bin", "/usr/sbin"):
        for entry in os.scandir(folder):
            if entry.is_file() and entry.stat().st_mode & 0o6000:
                found[entry.path] = effective_user_of(entry.path)
    return found


def effective_user_of(program: str) -> int | str:
    """The effective user of a program just started, before it does anything."""
    reading, writing = os.pipe()
    try:
        child = subprocess.Popen([program, "--version"], stdin=reading, stdout=-3, stderr=-3)
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    finally:
        os.close(reading)
    try:
        status = Path(f"/proc/{child.pid}/status").read_text()
        return int(next(x for x in status.splitlines() if x.startswith("Uid")).split()[2])
    except (OSError, StopIteration):
        return "ended"
    finally:
        os.close(writing)
        child.kill()
        child.wait()


def make_setuid_copy(_: Any) -> str:
    def act() -> bool:
        copy = Path("/tmp/copy")
        copy.write_bytes(Path("/usr/bin/id").read_bytes())
        copy.chmod(0o6755)
        ended = subprocess.run([str(copy), "-u"], capture_output=True, check=True)
        return int(ended.stdout) == 0

    return attempt(act)


def mounts(_: Any) -> list[str]:
    return Path("/proc/self/mountinfo").read_text().splitlines()


def devices(_: Any) -> list[str]:
    """Devices that can be seen below /dev."""
    found = []
    for top, _, files in os.walk("/dev"):
        paths = [os.path.join(top, name) for name in files]
        found += [path for path in paths if not os.path.islink(path) and "/shm/" not in path]
    return sorted(found)


def environment(_: Any) -> dict[str, str]:
    return dict(os.environ)


def descriptors(_: Any) -> dict[str, str]:
    """What this process has open, and so has been left by others."""
    found = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            found[name] = os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            continue
    return found


def write_to_all_descriptors(mebibytes: int) -> list[str]:
    """Fills every regular file that this process has open, apart from those in memory."""
    filled = []
    for number, target in descriptors(None).items():
        if target.startswith("/") and not target.startswith(("/dev", "/proc", "/memfd")):
            outcome = attempt(
                lambda number=number: [
                    os.write(int(number), b"x" * 2**20) for _ in range(mebibytes)
                ]
            )
            filled.append(f"{target}: {outcome}")
    return filled


def enter_by_descriptor(_: Any) -> str:
    """Walks up from every open descriptor, as CVE-2024-21626 did."""
    for number in range(64):
        try:
            place = os.readlink(f"/proc/self/fd/{number}")
            if os.path.exists(f"/proc/self/fd/{number}/../../../etc/shadow"):
                return f"{number}: {place}"
        except OSError:
            continue
    return "nothing"


def steal_terminal(_: Any) -> str:
    def act() -> int:
        import fcntl

        return fcntl.ioctl(0, 0x5412, struct.pack("b", 10))  # TIOCSTI

    return attempt(act)


def pid(_: Any) -> int:
    return os.getpid()


PROBES: dict[str, Callable[[Any], Any]] = {
    "connect": connect,
    "descriptors": descriptors,
    "devices": devices,
    "enter_by_descriptor": enter_by_descriptor,
    "environment": environment,
    "escalate": escalate,
    "interfaces": interfaces,
    "make_setuid_copy": make_setuid_copy,
    "make_socket": make_socket,
    "mounts": mounts,
    "names": names,
    "pid": pid,
    "processes": processes,
    "read": read,
    "read_memory": read_memory,
    "resolve": resolve,
    "run_setuid": run_setuid,
    "send_datagram": send_datagram,
    "send_signal": send_signal,
    "steal_terminal": steal_terminal,
    "system_call": system_call,
    "unix_sockets": unix_sockets,
    "write": write,
    "write_to_all_descriptors": write_to_all_descriptors,
}
