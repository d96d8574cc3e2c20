"""What a function cannot do, tried from inside a real sandbox."""

import os
import threading
from pathlib import Path

import host
import pytest
from folders import ROOT, function
from gateways import Gateway
from waiting import until

from conftest import Probe

NOT_FOR_FUNCTIONS = [
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "mount",
    "umount2",
    "pivot_root",
    "chroot",
    "unshare",
    "setns",
    "init_module",
    "finit_module",
    "delete_module",
    "kexec_load",
    "reboot",
    "swapon",
    "bpf",
    "perf_event_open",
    "keyctl",
    "add_key",
    "request_key",
    "io_uring_setup",
    "io_uring_enter",
    "userfaultfd",
    "open_by_handle_at",
    "name_to_handle_at",
    "move_mount",
    "open_tree",
    "fsopen",
    "mount_setattr",
    "pidfd_getfd",
    "kcmp",
    "settimeofday",
    "clock_settime",
    "sethostname",
    "setdomainname",
    "acct",
    "quotactl",
    "syslog",
    "personality",
    "vhangup",
    "seccomp",
]


# Files.


@pytest.mark.parametrize(
    "path",
    [
        "/etc/shadow",
        "/etc/hostname",
        "/etc/hosts",
        "/etc/resolv.conf",
        "/etc/ssh/sshd_config",
        "/root/.bashrc",
        "/root/.profile",
        "/var/lib/dpkg/status",
        "/proc/1/root/etc/shadow",
        "/proc/self/root/etc/shadow",
        "/proc/self/cwd/etc/shadow",
        "/function/../../etc/shadow",
        "/dev/mem",
        "/dev/kmem",
        "/dev/kmsg",
        "/proc/kcore",
        "/proc/sysrq-trigger",
    ],
)
def test_a_file_of_the_host_cannot_be_read(probe: Probe, path: str) -> None:
    assert probe("read", path) in ("ENOENT", "EACCES", "EPERM", "EIO", "done: b''")


def test_the_data_folder_and_other_bundles_are_not_there(gateway: Gateway, probe: Probe) -> None:
    for path in (gateway.data, gateway.data / "bundles", ROOT, Path("/proc/1/root") / "tmp"):
        found = probe("names", str(path))
        assert found == "ENOENT" or "faas" not in str(found), path
    for path in ("billing.sqlite", "registry.sqlite", "oci", "lock"):
        assert probe("read", str(gateway.data / path)) == "ENOENT"


def test_the_root_has_the_image_and_nothing_else(probe: Probe) -> None:
    usual = {"bin", "sbin", "lib", "lib32", "lib64", "libx32", "usr", "etc", "dev", "proc", "sys"}
    ours = {"function", "runtime", "runtime-layer", "layers", "tmp", "home", "run", "var", "model"}
    building = {"layer", "build", "tools"}

    assert set(probe("names", "/")) <= usual | ours | building
    for empty in ("/home", "/run", "/layer", "/build/..data", "/tools", "/var/tmp"):
        assert probe("names", empty) in ([], "ENOENT"), empty
    for link in ("/proc/1/root", "/proc/1/cwd", "/proc/self/root"):
        found = probe("names", link)
        assert found == "EACCES" or "root" not in found, link


@pytest.mark.parametrize(
    "path",
    [
        "/usr/bin/python3",
        "/usr/new",
        "/function/handler.py",
        "/function/new",
        "/runtime/faas_runtime/__main__.py",
        "/runtime/new",
        "/runtime-layer/new",
        "/etc/passwd",
        "/etc/new",
        "/new",
        "/dev/new",
        "/layers/0/new",
        "/var/tmp/new",
        "/proc/sys/kernel/core_pattern",
        "/proc/sys/kernel/hostname",
        "/proc/sysrq-trigger",
        "/proc/1/oom_score_adj",
        "/proc/self/uid_map",
        "/sys/devices/system/cpu/cpu0/online",
        "/sys/devices/system/cpu/online",
    ],
)
def test_what_is_not_its_own_cannot_be_written(probe: Probe, path: str) -> None:
    assert not probe("write", path).startswith("done")


def test_the_runtime_and_the_bundle_are_as_they_were(gateway: Gateway, probe: Probe) -> None:
    probe("write", "/function/handler.py")

    for path in (gateway.data / "bundles").glob("*/handler.py"):
        assert len(path.read_bytes()) > 1


def test_tmp_is_its_own(gateway: Gateway, probe: Probe, tmp_path: Path) -> None:
    assert probe("write", "/tmp/mine") == "done: 1"

    other = gateway.deploy(
        function("neighbour", "import os\ndef predict() -> list:\n    return os.listdir('/tmp')\n")
    )
    assert gateway.invoke(other).json() == []
    assert not Path("/tmp/mine").exists()


def test_no_mount_leads_to_the_host_and_all_but_tmp_are_read_only(probe: Probe) -> None:
    writable = {"/tmp", "/dev/shm", "/dev", "/dev/pts", "/dev/mqueue", "/proc"}
    for line in probe("mounts"):
        fields = line.split(" ")
        place, options = fields[4], fields[5].split(",")
        if place.startswith("/proc/"):
            assert "ro" in options or "null" in line, line
            continue
        assert "ro" in options or place in writable, line
        assert "nosuid" in options or place == "/", line
        assert "nodev" in options or place in ("/", "/dev") or place.startswith("/dev/"), line


# Processes.


def test_only_processes_of_its_own_sandbox_are_seen(probe: Probe) -> None:
    found = probe("processes")

    assert {one["pid"] for one in found} >= {1}
    assert all(one["pid"] < 1000 for one in found)
    assert all("faas_runtime" in one["command"] for one in found), found


def test_a_sibling_cannot_be_read(gateway: Gateway, prober: str, probe: Probe) -> None:
    """Neither the zygote, whose memory all instances come from, nor another instance."""
    other = {one["pid"] for one in probe("processes")} - {probe("pid")}
    assert 1 in other
    for number in sorted(other):
        for name in ("mem", "environ", "maps"):
            assert not probe("read", f"/proc/{number}/{name}").startswith("done: b'\\x"), name
        assert not probe("read_memory", number).startswith("done"), number


def test_processes_outside_cannot_be_ended(gateway: Gateway, probe: Probe, echo: str) -> None:
    """Its own sandbox is all that it can end: it takes its siblings with it at most."""
    for number in (gateway.pid, os.getpid(), 1):
        outcome = probe("send_signal", [number, 9])
        assert outcome == "ESRCH" or number == 1, number
    with_all = gateway.invoke("prober", {"probe": "send_signal", "argument": [-1, 9]})

    assert with_all.status in (200, 502)
    assert gateway.is_running
    assert gateway.invoke(echo, {"n": 1}).json() == {"n": 1}
    assert probe("pid") > 0


def test_the_zygote_survives_what_an_instance_sends_it(gateway: Gateway, probe: Probe) -> None:
    for number in (9, 15, 2, 11, 10, 19):
        probe("send_signal", [1, number])

    assert probe("pid") > 0
    assert gateway.counts("prober")["zygote"] == "ready"


def test_the_namespaces_of_a_sandbox_are_its_own(gateway: Gateway, prober: str) -> None:
    gateway.invoke(prober, {"probe": "pid"})
    for process in host.cgroup_processes(gateway.tag):
        for name in ("mnt", "pid", "net", "ipc", "uts"):
            ours, theirs = (os.readlink(f"/proc/{who}/ns/{name}") for who in ("self", process))
            assert theirs != ours, (process, name)


def test_cgroup_files_cannot_be_written(gateway: Gateway, probe: Probe) -> None:
    own = [path for path in host.cgroups(gateway.tag) if f"{gateway.tag}/prober-" in str(path)]
    for place in ("/sys/fs/cgroup", "/sys/fs/cgroup/memory", *own):
        for name in ("cgroup.procs", "memory.limit_in_bytes", "memory.max", "release_agent"):
            assert not probe("write", f"{place}/{name}").startswith("done")
    assert probe("names", "/sys/fs") == "ENOENT"


# The kernel.


@pytest.mark.parametrize("name", NOT_FOR_FUNCTIONS)
def test_a_system_call_is_refused(probe: Probe, name: str) -> None:
    assert probe("system_call", name) in ("EPERM", "ENOSYS")


def test_clone3_is_told_to_be_missing(probe: Probe) -> None:
    """So that the C library falls back to clone, whose flags are looked at."""
    assert probe("system_call", "clone3") == "ENOSYS"


def test_no_device_of_the_host_is_there(probe: Probe) -> None:
    usual = {"null", "zero", "full", "random", "urandom", "tty", "console", "ptmx"}
    assert {path.removeprefix("/dev/") for path in probe("devices")} <= usual


def test_it_has_no_privileges_and_gains_none(probe: Probe) -> None:
    found = probe("escalate")

    assert not any(found[name].startswith("done") for name in ("setuid", "setgid", "setgroups"))
    users = {int(word) for word in found["Uid"].split() + found["Gid"].split()}
    assert min(users) >= 100_000
    assert "0" not in found["Groups"].split()
    for name in ("CapEff", "CapPrm", "CapBnd", "CapAmb"):
        assert int(found[name], 16) == 0, name
    assert found["NoNewPrivs"] == "1"
    assert found["Seccomp"] == "2"


def test_programs_that_set_a_user_gain_nothing(probe: Probe) -> None:
    users = probe("run_setuid")

    assert 0 not in users.values(), users
    assert probe("make_setuid_copy") in ("done: False", "EACCES", "EPERM")


def test_two_functions_have_two_users(gateway: Gateway, probe: Probe) -> None:
    handler = "import os\ndef predict() -> int:\n    return os.getuid()\n"
    other = gateway.deploy(function("who", handler))

    mine = int(probe("escalate")["Uid"].split()[0])

    assert gateway.invoke(other).json() != mine


# What it was given.


def test_the_environment_has_nothing_of_the_gateways(probe: Probe) -> None:
    found = probe("environment")

    allowed = {"PATH", "HOME", "LANG", "LC_CTYPE", "PYTHONDONTWRITEBYTECODE", "HOSTNAME"}
    allowed |= {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "PWD"}
    others = {name for name in found if name not in allowed and not name.startswith("FAAS_RUNTIME")}
    assert not [name for name in others if not name.endswith(("_THREADS", "PARALLELISM"))], others


def test_no_descriptor_of_the_gateways_was_left_open(gateway: Gateway, probe: Probe) -> None:
    for number, target in probe("descriptors").items():
        assert str(gateway.data) not in target, (number, target)
        assert not target.startswith("/sys/fs/cgroup"), (number, target)
    assert probe("enter_by_descriptor") == "nothing"


def test_nothing_that_is_open_grows_on_the_hosts_disk(gateway: Gateway, probe: Probe) -> None:
    """Whatever can be written to is bounded: in memory, or not at all."""
    probe("write_to_all_descriptors", 16)

    sizes = [
        path.stat().st_size for path in (gateway.data / "sandboxes").rglob("*") if path.is_file()
    ]
    assert max(sizes) < 4 << 20


def test_nothing_can_be_typed_into_the_gateways_terminal(probe: Probe) -> None:
    assert not probe("steal_terminal").startswith("done")


def test_it_works_all_the_same(gateway: Gateway, prober: str) -> None:
    """After all that, many probes at once are answered by instances of one sandbox."""
    answers: list[int] = []
    threads = [
        threading.Thread(
            target=lambda: answers.append(gateway.invoke(prober, {"probe": "pid"}).status)
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 8
    until(lambda: gateway.counts(prober)["busy"] == 0, "all are idle")
