"""What stands in no file, and what is in no commit."""

import re

import pytest
import tree

# Put together here, so that this file does not hold what it looks for.
LATER = re.compile(
    r"\b(?:" + "|".join(["TO" + "DO", "FIX" + "ME", "X" + "XX", "HA" + "CK"]) + r")\b"
)
HOME = re.compile(r"(?<![\w.*-])/(?:home|Users)/[\w.-]+/")
HOST = re.compile(
    r"https?://[^\s/\"'`)]*(?:"
    + "|".join(["arti" + "factory", "nex" + "us", "reg" + "istry", "mir" + "ror", "py" + r"pi\."])
    + r")",
    re.IGNORECASE,
)
NAMELESS = re.compile(
    r"^\s*(?:@\w+ +)*(?:[a-z]+ +)*(?:class|struct|enum|protocol|actor|typealias) +"
    r"(\w*(?:Manager|Helper|Utils?|Common|Misc|Base|Impl|Data|Info|Wrapper))\b"
)
# Not Python's, which stands in handlers that tests write.
SLEEP = re.compile(r"(?<!\btime\.)\b(?:u|nano)?sleep\(")
FORCE = re.compile(r"\b(?:try|as)!")
UNWRAP = re.compile(r"[\w\])]!(?:[.\[(,)\s]|$)")
BUILT = re.compile(
    r"(?:^|/)(?:Package\.resolved|\.build[^/]*|\.venv[^/]*|__pycache__|.*\.egg-info)(?:/|$)"
)
COMMENT = re.compile(r"//.*$")
QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')


def found(pattern: re.Pattern[str], files: list[str]) -> list[str]:
    """Places where a pattern matches a line."""
    return [
        f"{path}:{number}: {line.strip()}"
        for path in files
        for number, line in enumerate(tree.lines(path), 1)
        if pattern.search(line)
    ]


@pytest.mark.parametrize("pattern", [LATER, HOME, HOST], ids=["later", "home", "host"])
def test_no_file_holds(pattern: re.Pattern[str]) -> None:
    tree.expect_none(found(pattern, tree.paths()))


def test_nothing_that_is_built_is_tracked() -> None:
    tree.expect_none(path for path in tree.paths() if BUILT.search(path))


def test_a_type_s_name_says_what_it_is() -> None:
    tree.expect_none(found(NAMELESS, tree.code(".swift", ".py")))


def test_tests_wait_for_what_happens_and_not_for_time() -> None:
    tests = tree.code(".swift", under=("Tests/",))

    tree.expect_none(
        found(SLEEP, [path for path in tests if not path.startswith("Tests/Benchmarks/")])
    )


def test_nothing_is_forced() -> None:
    broken = []
    for path in tree.code(".swift"):
        for number, line in enumerate(tree.lines(path), 1):
            bare = COMMENT.sub("", QUOTED.sub('""', line))
            if FORCE.search(bare) or (
                path.startswith(("Sources/", "gateway/")) and UNWRAP.search(bare)
            ):
                broken.append(f"{path}:{number}: {line.strip()}")

    tree.expect_none(broken)


def test_every_text_file_ends_with_one_newline() -> None:
    written = (
        ".swift",
        ".py",
        ".md",
        ".yaml",
        ".yml",
        ".toml",
        ".c",
        ".h",
        ".txt",
        "/run",
        "/bench",
    )
    texts = {path: tree.text(path) or "" for path in tree.code(*written)}

    tree.expect_none(
        path for path, text in texts.items() if text and (text[-1] != "\n" or text[-2:] == "\n\n")
    )


def test_no_line_ends_with_a_space() -> None:
    tree.expect_none(
        found(re.compile(r"[ \t]$"), tree.code(".swift", ".py", ".md", ".yaml", "/run"))
    )
