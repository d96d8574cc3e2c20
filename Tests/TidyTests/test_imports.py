"""The law of imports: what each module may name, which is right or down in the design's picture."""

import functools
import json
import re
import subprocess

import pytest
import tree

SYSTEM = {"Dispatch", "FoundationEssentials", "Glibc", "Synchronization"}
NIO = {"NIOConcurrencyHelpers", "NIOCore", "NIOPosix"}
HTTP = {
    "HTTPTypes",
    "Hummingbird",
    "HummingbirdCore",
    "NIOHTTP1",
    "NIOHTTPTypes",
    "NIOHTTPTypesHTTP1",
}

LAW: dict[str, set[str]] = {
    "Functions": set(),
    "Packaging": {"Functions", "CCrypto", "Yams"},
    "RuntimeProtocol": {"Functions", "NIOCore"},
    "Instances": {"Functions", "RuntimeProtocol", "NIOCore"},
    "OCIInstances": {"Functions", "RuntimeProtocol", "Instances", "CLinux", "CSeccomp", "Logging"}
    | NIO,
    "Hosts": {"GatewayAPI"},
    "Devices": {"Functions", "Hosts", "CNVML", "Yams"},
    "Pooling": {"Functions", "Instances", "NIOConcurrencyHelpers"},
    "Scheduling": {
        "Functions",
        "Instances",
        "Pooling",
        "Devices",
        "Logging",
        "NIOConcurrencyHelpers",
    },
    "Billing": {"Functions"},
    "Storage": {"Functions", "Billing", "CLinux", "GRDB", "GRDBSQLite"},
    "Rollouts": {"Functions"},
    "Outbound": {"CCurlShim"},
    "Weights": {"Functions", "Packaging", "Outbound", "CCurlShim"},
    "GatewayAPI": {"Functions"},
    "GatewayServer": {
        "Functions",
        "Packaging",
        "RuntimeProtocol",
        "Instances",
        "Devices",
        "Hosts",
        "Pooling",
        "Scheduling",
        "Billing",
        "Storage",
        "Rollouts",
        "Weights",
        "GatewayAPI",
        "Logging",
        "ServiceLifecycle",
    }
    | NIO
    | HTTP,
    "Triggers": {
        "Functions",
        "Billing",
        "Storage",
        "GatewayAPI",
        "GatewayServer",
        "Outbound",
        "CCrypto",
        "CCurlShim",
        # To the compiler this is where `stat` comes from.
        "CDispatch",
        "FoundationInternationalization",
        "Logging",
    }
    | NIO
    | HTTP,
    "Brokers": {"Functions", "Triggers", "CCurlShim", "CNATS", "CHiredis", "CRabbitMQ"},
    "GatewayClient": {"Functions", "GatewayAPI", "CCurlShim"},
    "GitDeploys": {"Functions", "Packaging", "GatewayAPI", "GatewayClient", "CLinux"},
    "GitServer": {"Functions", "GatewayAPI", "GitDeploys", "CLinux", "Logging"} | NIO | HTTP,
    "CLI": {
        "Functions",
        "Packaging",
        "Hosts",
        "GatewayAPI",
        "GatewayClient",
        "GitDeploys",
        "ArgumentParser",
    },
}
# The composition root names everything of ours that the gateway is made of, and no client.
LAW["Gateway"] = (
    {name for name in LAW if name not in ("CLI", "GatewayClient")}
    | {"ArgumentParser", "CLinux", "Logging", "ServiceLifecycle", "UnixSignals", "Yams"}
    | NIO
    | HTTP
)
# Modules that hold decisions and values: nothing of the machine, so that tests need none of it.
PURE = {"Functions", "RuntimeProtocol", "Instances", "Pooling", "Billing"}

IMPORT = re.compile(
    r"^(?:@\w+ +)*(?:(?:package|public|internal|private|fileprivate) +)?"
    r"import +(?:(?:struct|class|enum|protocol|func|var|let|typealias) +)?(\w+)"
)


def imports(module: str) -> dict[str, list[str]]:
    """What a module's sources import, with the places where they do."""
    folder = "gateway/" if module == "Gateway" else f"Sources/{module}/"
    found: dict[str, list[str]] = {}
    for path in tree.code(".swift", under=(folder,)):
        for number, line in enumerate(tree.lines(path), 1):
            if match := IMPORT.match(line):
                found.setdefault(match[1], []).append(f"{path}:{number}")
    return found


@functools.cache
def targets() -> dict[str, set[str]]:
    """The dependencies of each target that Package.swift declares."""
    dumped = subprocess.run(
        ["swift", "package", "dump-package"],
        cwd=tree.ROOT,
        capture_output=True,
        text=True,
        timeout=tree.SECONDS_MAX,
    )
    assert dumped.returncode == 0, dumped.stderr
    return {
        target["name"]: {
            (one.get("byName") or one.get("target") or one["product"])[0]
            for one in target["dependencies"]
        }
        for target in json.loads(dumped.stdout)["targets"]
    }


@pytest.mark.parametrize("module", LAW)
def test_a_module_imports_only_what_the_design_allows(module: str) -> None:
    allowed = LAW[module] | (set() if module in PURE else SYSTEM)

    broken = [
        f"{place} imports {name}"
        for name, places in imports(module).items()
        if name not in allowed
        for place in places
    ]

    tree.expect_none(broken)


@pytest.mark.parametrize("module", LAW)
def test_a_module_is_given_only_what_the_design_allows(module: str) -> None:
    assert targets()[module] <= LAW[module]


def test_every_module_with_swift_sources_is_in_the_law() -> None:
    modules = {path.split("/")[1] for path in tree.code(".swift", under=("Sources/",))}

    assert modules <= LAW.keys()


def test_the_law_has_no_cycle() -> None:
    left = dict(LAW)
    while left:
        leaves = {name for name, allowed in left.items() if not allowed & left.keys()}
        assert leaves, f"these import each other: {sorted(left)}"
        left = {name: allowed for name, allowed in left.items() if name not in leaves}
