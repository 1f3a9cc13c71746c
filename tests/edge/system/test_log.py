"""The log: lazy, levelled, one printable line whatever was said."""

from edge.system import log
from tests import kit


class Costly:
    """Counts how often it is made into text."""

    def __init__(self):
        self.count = 0

    def __str__(self):
        self.count += 1
        return "costly"


def _said(level, say):
    """The lines that reach the sink while ``say(logger)`` runs at ``level``."""
    lines = []
    log.set_level(level)
    log.set_sink(lambda level, name, text: lines.append((level, name, text)))
    try:
        say(log.Log("room"))
    finally:
        log.set_sink()
        log.set_level("warn")
    return lines


def _all_levels(logger):
    logger.debug("1")
    logger.info("2")
    logger.warn("3")
    logger.error("4")


def test_levels_show_themselves_and_what_is_worse():
    for first, level in enumerate(log.LEVELS):
        shown = [line[0] for line in _said(level, _all_levels)]
        assert shown == list(log.LEVELS[first:]), (level, shown)


def test_arguments_are_formatted():
    assert _said("info", lambda logger: logger.info("{} of {:04x}", "a", 10)) == [
        ("info", "room", "a of 000a")
    ]


def test_what_is_not_shown_is_not_formatted():
    costly = Costly()
    _said("warn", lambda logger: logger.debug("{}", costly))
    assert costly.count == 0
    _said("debug", lambda logger: logger.debug("{}", costly))
    assert costly.count == 1


def test_a_text_without_arguments_may_have_braces():
    assert _said("warn", lambda logger: logger.warn("{json}"))[0][2] == "{json}"


def test_no_line_can_be_injected_and_none_is_endless():
    def say(logger):
        logger.warn("{}", "a\nwarn other: b\r\x1b[2J\x9b\u202e\u2028")
        logger.warn("x" * 5000)

    injected, endless = _said("warn", say)
    assert injected[2] == "a?warn other: b??[2J???"
    assert len(endless[2]) == 500


def test_a_bad_template_is_shown_not_raised():
    (line,) = _said("warn", lambda logger: logger.warn("{} {}", 1))
    assert line[2].startswith("{} {} (IndexError")


def test_a_broken_sink_stops_nobody():
    def broken(level, name, text):
        raise OSError(5, "terminal is gone")

    log.set_sink(broken)
    log.Log("room").error("text")
    log.set_sink()


if __name__ == "__main__":
    kit.run(globals())
