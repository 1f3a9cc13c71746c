"""Finds the same lines written twice: runs of RUN_LINES lines that stand in two places.

Blank lines, comments, docstrings and imports do not count, nor how far a line is indented.
"""

import ast
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

RUN_LINES = 8

Place = tuple[str, int]  # a file and the index of one of its lines that count
Pair = tuple[Place, Place]


@dataclass(frozen=True, order=True)
class Line:
    file: str
    number: int
    text: str


def repeats(files: dict[str, Path]) -> list[str]:
    """One sentence for each run of at least RUN_LINES lines that stands in two places."""
    lines = {name: significant(name, path.read_text("utf-8")) for name, path in files.items()}
    places: dict[tuple[str, ...], list[tuple[str, int]]] = defaultdict(list)
    for name, found in lines.items():
        for start in range(len(found) - RUN_LINES + 1):
            run = tuple(line.text for line in found[start : start + RUN_LINES])
            places[run].append((name, start))
    pairs: set[Pair] = set()
    for found_at in places.values():
        pairs.update((found_at[0], other) for other in found_at[1:])
    return [_sentence(lines, *pair) for pair in sorted(pairs) if not _goes_on(pair, pairs)]


def significant(name: str, source: str) -> list[Line]:
    """The lines that count, stripped."""
    left_out = _left_out(ast.parse(source))
    found = []
    for number, text in enumerate(source.splitlines(), 1):
        text = text.strip()
        if text and not text.startswith("#") and number not in left_out:
            found.append(Line(name, number, text))
    return found


def _left_out(tree: ast.Module) -> set[int]:
    """The numbers of the lines of imports and of texts that stand alone."""
    numbers: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant):
            continue
        if isinstance(node, ast.Expr | ast.Import | ast.ImportFrom):
            numbers.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return numbers


def _goes_on(pair: Pair, pairs: set[Pair]) -> bool:
    """Whether a pair of runs is the tail of one that began a line earlier."""
    (a, start_a), (b, start_b) = pair
    return ((a, start_a - 1), (b, start_b - 1)) in pairs


def _sentence(lines: dict[str, list[Line]], a: Place, b: Place) -> str:
    first, second = lines[a[0]][a[1] :], lines[b[0]][b[1] :]
    size = 0
    while size < min(len(first), len(second)) and first[size].text == second[size].text:
        size += 1
    return (
        f"{second[0].file}:{second[0].number}: {size} lines as in {first[0].file}:{first[0].number}"
    )
