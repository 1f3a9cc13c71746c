"""The checker for lines written twice."""

from pathlib import Path

from tools.rules.duplication import RUN_LINES, repeats

RUN = "\n".join(f"    call_{number}()" for number in range(RUN_LINES))


def files(folder: Path, **texts: str) -> dict[str, Path]:
    for name, text in texts.items():
        (folder / name).write_text(text)
    return {name: folder / name for name in sorted(texts)}


def test_finds_a_run_whatever_stands_between(tmp_path: Path):
    other = RUN.replace("\n", "\n\n    # why\n").replace("    ", "  ")
    found = repeats(files(tmp_path, a=f"def a():\n{RUN}\n", b=f"x = 1\ndef b():\n{other}\n"))
    assert found == [f"b:3: {RUN_LINES} lines as in a:2"]


def test_a_longer_run_is_one_finding(tmp_path: Path):
    longer = f"{RUN}\n{RUN.replace('call', 'again')}"
    found = repeats(files(tmp_path, a=f"def a():\n{longer}\n", b=f"def b():\n{longer}\n"))
    assert found == [f"b:2: {2 * RUN_LINES} lines as in a:2"]


def test_shorter_runs_imports_and_docstrings_pass(tmp_path: Path):
    shorter = RUN.rpartition("\n")[0]
    text = '"""' + "\nsame text" * 20 + '"""\n' + "import os\n" * 20
    found = repeats(
        files(tmp_path, a=f"{text}def a():\n{shorter}\n", b=f"{text}def b():\n{shorter}\n")
    )
    assert found == []
