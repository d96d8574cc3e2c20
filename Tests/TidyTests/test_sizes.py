"""Sizes of files, functions and lines."""

import statistics

import tree

FILE_LINES_MAX = 400
# The habit is about 100 lines; a few files have a reason to be longer.
LONG_FILE_LINES = 200
LONG_FILES_SHARE_MAX = 0.15
MEDIAN_FILE_LINES_MAX = 110
LONG_FUNCTION_LINES = 70
LONG_FUNCTIONS_SHARE_MAX = 0.03
MEDIAN_FUNCTION_LINES_MAX = 12
COLUMNS_MAX = 100
FILE_BYTES_MAX = 5_000_000

SOURCES = tree.code(".swift", ".py")


def test_no_file_is_long() -> None:
    sizes = {path: len(tree.lines(path)) for path in SOURCES}

    tree.expect_none(
        f"{path}: {size} lines" for path, size in sizes.items() if size > FILE_LINES_MAX
    )


def test_most_files_are_short() -> None:
    sizes = {path: len(tree.lines(path)) for path in SOURCES}
    long = [path for path, size in sizes.items() if size > LONG_FILE_LINES]

    assert statistics.median(sizes.values()) <= MEDIAN_FILE_LINES_MAX
    assert len(long) <= LONG_FILES_SHARE_MAX * len(sizes), long


def test_most_functions_are_short() -> None:
    functions = [one for path in tree.code(".swift") for one in tree.swift_functions(path)]
    functions += [one for path in tree.code(".py") for one in tree.python_functions(path)]
    long = [str(one) for one in functions if one.lines > LONG_FUNCTION_LINES]

    assert statistics.median(one.lines for one in functions) <= MEDIAN_FUNCTION_LINES_MAX
    assert len(long) <= LONG_FUNCTIONS_SHARE_MAX * len(functions), long


def test_no_line_is_long() -> None:
    long = [
        f"{path}:{number}: {len(line)} columns"
        for path in SOURCES
        for number, line in enumerate(tree.lines(path), 1)
        if len(line) > COLUMNS_MAX
    ]

    tree.expect_none(long)


def test_no_file_is_heavy() -> None:
    sizes = {path: (tree.ROOT / path).stat().st_size for path in tree.paths()}

    tree.expect_none(
        f"{path}: {size} bytes" for path, size in sizes.items() if size > FILE_BYTES_MAX
    )


def test_the_measure_of_functions_finds_bodies_and_passes_over_requirements() -> None:
    rows = [
        "protocol Door {",
        "    func open() throws",
        "    func close()",
        "}",
        "struct Gate: Door {",
        "    func open() throws {",
        "        lift()",
        "    }",
        "    package static func make(",
        "        width: Int",
        "    ) -> Gate {",
        "        Gate()",
        "    }",
        "}",
    ]

    begins = [at for at, row in enumerate(rows) if tree.SWIFT_FUNCTION.match(row)]
    ends = [tree.swift_end(rows, at, "    ") for at in begins]

    assert begins == [1, 2, 5, 8]
    assert ends == [None, None, 7, 12]
