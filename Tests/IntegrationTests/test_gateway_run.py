"""`gateway/run`, the first command of who meets this: as it is typed, with a folder of its own.

What it would build has been built by what runs these tests.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import host
import pytest
from brokers import free_port
from folders import EXAMPLES, ROOT
from gateways import BINARY, CLI, RUNTIME, Gateway
from waiting import until

SCRIPT = str(ROOT / "gateway/run")
RUN_SECONDS_MAX = 60
SAMPLE = json.loads((EXAMPLES / "diabetes/sample.expected.json").read_text())
MISSING = "faas-no-such-package"

# A toolchain that has built all already: it says where, and does nothing else.
SWIFT = """#!/bin/sh
echo "$*" >>'{calls}'
case "$*" in
--version) echo 'Swift version 6.3.1 (swift-6.3.1-RELEASE)' ;;
*--show-bin-path*) echo '{programs}' ;;
esac
"""
# It says what was there while packages were being installed.
APT = """#!/bin/sh
echo "$*: $(cat /usr/sbin/policy-rc.d 2>/dev/null | tail -n 1)" >>'{calls}'
echo "proxy $https_proxy"
{end}
"""


@dataclass
class Newcomer:
    """Somebody with a checkout, a data folder and a terminal."""

    folder: Path
    gateway: Gateway
    port: int

    @property
    def tools(self) -> Path:
        return self.folder / "bin"

    def tool(self, name: str, text: str, **values: object) -> Path:
        """Puts a program before others of its name; the file that it writes its calls to."""
        calls = self.folder / f"{name}.calls"
        self.tools.mkdir(exist_ok=True)
        file = self.tools / name
        file.write_text(text.format(calls=calls, **values))
        file.chmod(0o755)
        calls.touch()
        return calls

    @property
    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("FAAS_")}
        return kept | {
            "PATH": f"{self.tools}:{os.environ['PATH']}",
            "FAAS_LISTEN": f"127.0.0.1:{self.port}",
            "FAAS_DATA": str(self.gateway.data),
            "FAAS_RUNTIME": str(RUNTIME),
        }

    def start(self, *words: str, program: Sequence[str] = (SCRIPT,)) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [*program, *words],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            # Whoever runs these tests in the background may ignore them, and so would a shell.
            preexec_fn=heed_signals,
        )

    def run(
        self, *words: str, program: Sequence[str] = (SCRIPT,)
    ) -> "subprocess.CompletedProcess[str]":
        with self.start(*words, program=program) as process:
            said, _ = process.communicate(timeout=RUN_SECONDS_MAX)
        return subprocess.CompletedProcess(process.args, process.returncode, said)

    def run_with_own_programs(self, shell: str) -> "subprocess.CompletedProcess[str]":
        """Runs a shell that has an empty folder in place of the host's /usr/sbin; `$0` is the
        script.
        """
        command = f"mount -t tmpfs tmpfs /usr/sbin && {{ {shell}; }}"
        private = ("/usr/bin/unshare", "--mount", "/bin/sh", "-c", command)
        return self.run(program=(*private, SCRIPT))

    def left(self) -> object:
        """What is still there of a gateway that has ended."""
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                return f"something listens on port {self.port}"
        return self.gateway.leftovers()


@pytest.fixture
def newcomer(gateway: Gateway, place: Path, tmp_path: Path) -> Iterator[Newcomer]:
    own = Gateway(place / f"run-{len(list(place.iterdir()))}")
    own.share_runtime(gateway.data)
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, program in (("gateway", BINARY), ("faas", CLI)):
        (programs / name).symlink_to(Path(program).resolve())
    made = Newcomer(tmp_path, own, free_port())
    made.tool("swift", SWIFT, programs=programs)
    yield made
    assert made.left() == {}
    shutil.rmtree(own.data, ignore_errors=True)


def heed_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def program_of(pid: int) -> str | None:
    """None of one that has ended: the script starts many that are soon over."""
    try:
        return os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return None


def end_process(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def until_it_says(process: "subprocess.Popen[str]", text: str) -> str:
    """Reads until a line has this text; all that came before."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if text in line:
            return said
    raise AssertionError(f"it ended without saying {text!r}:\n{said}")


def test_a_demonstration_and_a_second_one_that_does_no_work_twice(
    newcomer: Newcomer, tmp_path: Path
) -> None:
    apt = newcomer.tool("apt-get", APT, end="exit 1")

    first = newcomer.run("--exit")
    again = newcomer.run("--exit")

    kinds = []
    for run in (first, again):
        assert run.returncode == 0, run.stdout
        answers = re.findall(r"^answer +(.*)$", run.stdout, re.MULTILINE)
        assert [json.loads(answer) for answer in answers] == [SAMPLE] * 3
        kinds.append(re.findall(r"^start kind +(\S+)$", run.stdout, re.MULTILINE))
        assert "\n0 instances after " in run.stdout
        bill = run.stdout.partition("its rows for these three invocations")[2]
        assert re.findall(r" (cold|fork|warm)  completed ", bill) == kinds[-1]
        assert run.stdout.endswith("stopped\n")
    assert [kind[1:] for kind in kinds] == [["warm", "fork"]] * 2
    assert "diabetes serves as diabetes-1" in first.stdout
    assert "diabetes unchanged: diabetes-1 serves this bundle already" in again.stdout
    assert "installing" not in first.stdout + again.stdout
    assert apt.read_text() == ""
    built = re.findall(r"-c release --product (\S+) -X", (tmp_path / "swift.calls").read_text())
    assert built == ["gateway", "faas"] * 2
    rows = newcomer.gateway.rows()
    assert len({row["id"] for row in rows}) == len(rows) == 6


def test_a_taken_port_is_named_with_who_has_it_before_anything_is_done(newcomer: Newcomer) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", newcomer.port))
        other.listen()
        run = newcomer.run("--exit")

    assert run.returncode == 1
    owner = f"{Path('/proc/self/comm').read_text().strip()}, process {os.getpid()}"
    assert f"error: port {newcomer.port} is taken ({owner}): stop what uses it" in run.stdout
    assert f"FAAS_LISTEN=127.0.0.1:{newcomer.port + 1} gateway/run" in run.stdout
    assert "building" not in run.stdout
    assert not (newcomer.gateway.data / "billing.sqlite").exists()


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)]
)
def test_a_signal_to_the_terminals_programs_stops_all_of_them(
    newcomer: Newcomer, number: signal.Signals, status: int
) -> None:
    with newcomer.start() as process:
        said = until_it_says(process, "ready: ")
        os.killpg(process.pid, number)
        rest, _ = process.communicate(timeout=RUN_SECONDS_MAX)

    assert process.returncode == status, said + rest
    assert rest.endswith("stopped\n")


def test_the_gateway_ends_when_the_script_is_killed(newcomer: Newcomer) -> None:
    with newcomer.start() as process:
        until_it_says(process, "ready: ")
        (gateway,) = [
            pid
            for pid in host.descendants(process.pid)
            if program_of(pid) == str(Path(BINARY).resolve())
        ]
        process.kill()

        try:
            until(lambda: not host.is_alive(gateway), "the gateway has ended", RUN_SECONDS_MAX)
        finally:
            end_process(gateway)


def test_a_gateway_that_cannot_start_is_said_to_have_ended(newcomer: Newcomer) -> None:
    (newcomer.gateway.data / "billing.sqlite").mkdir()

    run = newcomer.run("--exit")

    assert run.returncode == 1
    assert "error: the gateway ended while starting; its reason stands above" in run.stdout


@pytest.mark.parametrize(
    ("end", "status"), [("exit 0", 0), ("exit 1", 1), ("kill -s INT $PPID", 1)]
)
def test_packages_of_services_are_installed_without_starting_them(
    newcomer: Newcomer, end: str, status: int
) -> None:
    apt = newcomer.tool("apt-get", APT, end=end)

    run = newcomer.run_with_own_programs(
        f'https_proxy=http://proxy:3128 "$0" --prepare {MISSING}; status=$?; ls /usr/sbin; '
        "exit $status"
    )

    assert run.returncode == status, run.stdout
    calls = apt.read_text().splitlines()
    assert len(calls) == (1 if status else 2)
    assert all(call.endswith(": exit 101") for call in calls)
    assert status or MISSING in calls[1]
    assert "proxy http://proxy:3128" in run.stdout
    assert "policy-rc.d" not in run.stdout
    assert not status or "error: apt-get failed" in run.stdout


def test_a_rule_about_services_that_is_there_is_kept(newcomer: Newcomer) -> None:
    apt = newcomer.tool("apt-get", APT, end="exit 0")

    run = newcomer.run_with_own_programs(
        f'echo mine >/usr/sbin/policy-rc.d; "$0" --prepare {MISSING} && cat /usr/sbin/policy-rc.d'
    )

    assert run.returncode == 0, run.stdout
    assert run.stdout.endswith("mine\n")
    assert all(call.endswith(": mine") for call in apt.read_text().splitlines())
