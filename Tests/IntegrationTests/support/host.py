"""What the host knows of a gateway's processes, mounts and control groups."""

import os
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")


def is_alive(pid: int) -> bool:
    """Whether a process runs; a zombie doesn't."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return stat.rpartition(")")[2].split()[0] not in ("Z", "X")


def descendants(pid: int) -> list[int]:
    """Processes below a process, by parent."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text()
        except (FileNotFoundError, ProcessLookupError):
            continue
        parents.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(entry.name))
    found, queue = [], [pid]
    while queue:
        children = parents.get(queue.pop(), [])
        found += children
        queue += children
    return found


def cgroups(tag: str) -> list[Path]:
    """Folders of a gateway's groups, in every hierarchy."""
    places = [CGROUPS / "faas" / tag, *CGROUPS.glob(f"*/faas/{tag}")]
    return [path for place in places if place.is_dir() for path in (place, *folders_in(place))]


def folders_in(place: Path) -> list[Path]:
    return [Path(top) / name for top, names, _ in os.walk(place) for name in names]


def cgroup_processes(tag: str) -> list[int]:
    """Processes in any of a gateway's groups."""
    return processes_in(cgroups(tag))


def processes_in(groups: list[Path]) -> list[int]:
    """Processes that run in any of these groups; a group may go meanwhile."""
    found: set[int] = set()
    for group in groups:
        try:
            found.update(map(int, (group / "cgroup.procs").read_text().split()))
        except OSError:
            continue
    return sorted(pid for pid in found if is_alive(pid))


def is_first_of_sandbox(pid: int) -> bool:
    """Whether a process is the first one of a pid namespace of its own: a zygote."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return False
    numbers = next(line.split()[1:] for line in lines if line.startswith("NSpid:"))
    return len(numbers) > 1 and numbers[-1] == "1"


def mounts(folder: Path) -> list[str]:
    """Mounts that lie in a folder or come from it."""
    text = Path("/proc/self/mountinfo").read_text()
    return [line for line in text.splitlines() if str(folder) in line]


def resident_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise AssertionError(f"process {pid} has no memory")


def open_files(pid: int) -> dict[str, str]:
    """What a process has open, by descriptor."""
    found = {}
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        try:
            found[entry.name] = os.readlink(entry)
        except FileNotFoundError:
            continue
    return found


def cgroup_tag(data: Path) -> str:
    """The name of a gateway's group: FNV-1a of its data folder, as the gateway makes it."""
    digest = 0xCBF29CE484222325
    for byte in str(data).encode():
        digest = ((digest ^ byte) * 0x100000001B3) & 0xFFFFFFFFFFFFFFFF
    return f"{digest:x}"
