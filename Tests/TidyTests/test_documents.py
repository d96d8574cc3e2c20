"""What the pages say: their links lead somewhere, their commands and routes exist."""

import re

import pytest
import tree
import yaml

PAGES = tree.code(".md")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?:^|[`\s])faas ([a-z]+)", re.MULTILINE)
PROGRAM = re.compile(r"(?<![\w/.-])((?:gateway|Tests|\.ci)/(?:run|bench))\b")
ROUTE = re.compile(
    r"(?<![\w.])(/(?:v1|function|async-function)/[A-Za-z/]+|/(?:healthz|readyz|metrics)\b)"
)
PATHS = re.compile(r"`((?:Sources|Tests|functions|runtime|gateway)/[\w./+-]+)`")


def page(path: str) -> str:
    return tree.text(path) or ""


def commands() -> set[str]:
    """A command is a file, or a folder of the commands below it."""
    return {place.stem.lower() for place in (tree.ROOT / "Sources/CLI/Commands").iterdir()}


@pytest.mark.parametrize("path", PAGES)
def test_a_link_inside_the_repository_leads_to_a_file(path: str) -> None:
    folder = (tree.ROOT / path).parent
    targets = [link.split("#")[0] for link in LINK.findall(page(path)) if "://" not in link]

    tree.expect_none(target for target in targets if target and not (folder / target).exists())


@pytest.mark.parametrize("path", PAGES)
def test_a_path_that_a_page_names_exists(path: str) -> None:
    named = PATHS.findall(page(path))

    tree.expect_none(one for one in named if not (tree.ROOT / one).exists())


@pytest.mark.parametrize("path", PAGES)
def test_a_command_that_a_page_names_exists(path: str) -> None:
    assert set(COMMAND.findall(page(path))) <= commands() | {"help"}


def test_every_command_of_the_command_line_is_in_the_readme() -> None:
    assert commands() <= set(COMMAND.findall(page("README.md")))


def test_a_program_that_the_readme_names_exists() -> None:
    tree.expect_none(
        one for one in PROGRAM.findall(page("README.md")) if not (tree.ROOT / one).is_file()
    )


def test_a_route_that_the_readme_names_is_in_the_interface_s_description() -> None:
    described = yaml.safe_load(page("gateway/openapi.yaml"))["paths"]
    patterns = [re.compile(re.sub(r"\{\w+\}", "[A-Za-z]+", route) + "/?$") for route in described]

    named = set(ROUTE.findall(page("README.md")))

    assert named
    tree.expect_none(one for one in named if not any(pattern.match(one) for pattern in patterns))


def test_a_page_s_tables_have_as_many_cells_in_each_row() -> None:
    broken = []
    for path in PAGES:
        previous = 0
        for number, line in enumerate(tree.lines(path), 1):
            cells = len(re.findall(r"(?<!\\)\|", line)) if line.startswith("|") else 0
            if previous and cells and cells != previous:
                broken.append(f"{path}:{number}")
            previous = cells

    tree.expect_none(broken)
