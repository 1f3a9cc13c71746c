"""`python3 -m tools firmware`: compile what a chip loads."""

import shutil
from pathlib import Path

from tools import BUILD, FAILED, OK, parser_of, say, venv
from tools.chip import image

EXAMPLES = """\
examples:
  python3 -m tools firmware                          the leaf for an ESP32, into build/firmware/
  python3 -m tools firmware --program node           the one that finds others by itself
  python3 -m tools firmware --program sensor         the one on a cable, with records of its own
  python3 -m tools firmware --program node --application APP.py    with yours instead of a console
  python3 -m tools firmware --family rp2             for a Pico W
  python3 -m tools firmware --heap                   and what each module takes of a chip's heap
  mpremote romfs deploy build/firmware/esp32.romfs   onto the board, beside firmware/main.py

exit codes: 0 done, 1 a file does not compile, 2 bad command line, 3 something is missing here
"""


def main(argv: list[str]) -> int:
    parser = parser_of("firmware", __doc__, EXAMPLES)
    parser.add_argument("--heap", action="store_true", help="weigh the files on MicroPython too")
    parser.add_argument(
        "--program", choices=image.PROGRAMS, default="leaf", help="see firmware/README.md (leaf)"
    )
    parser.add_argument(
        "--application",
        metavar="FILE",
        type=Path,
        help="what a node or a sensor is for (firmware/console.py, readings.py)",
    )
    parser.add_argument(
        "--family", choices=sorted(image.families()), default="esp32", help="(esp32)"
    )
    asked = parser.parse_args(argv)
    venv.enter("dev")
    out = BUILD / "firmware" / asked.family
    shutil.rmtree(out, ignore_errors=True)
    try:
        sizes = image.build(asked.family, out, asked.program, asked.application)
    except ValueError as refused:
        say(str(refused))
        return FAILED
    for name, size in sorted(sizes.items(), key=lambda item: -item[1]):
        print(f"{size:7} {name}")
    print(f"{sum(sizes.values()):7} bytes in {len(sizes)} files: {out}")
    rom = out.with_suffix(".romfs")
    print(f"{image.build_rom(out, rom):7} bytes of ROMFS image: {rom}")
    if asked.heap:
        _print_weights(asked.program)
    return OK


def _print_weights(program: str) -> None:
    """Each module by itself, before they are linked: where the heap goes."""
    print()
    apart = image.weights(program, linked=False)
    for name, size in sorted(apart.items(), key=lambda item: -item[1]):
        print(f"{size:7} {name}")
    print(f"{sum(apart.values()):7} bytes of heap if each were a module of its own (32-bit words)")
    linked = sum(image.weights(program).values())
    print(f"{linked:7} bytes of heap once all is loaded, linked")
