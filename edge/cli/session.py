"""How a command gets something done: by the running node, or by one that lives just as long."""

from edge.cli import control, lean
from edge.cli.data_dir import DataDir
from edge.cli.screen import Screen


def ask(options, screen: Screen, request: dict, on_event) -> None:
    """Have ``request`` carried out; ``on_event`` gets each result, errors are raised."""
    data = DataDir(options.data)
    if control.ask(data.control_path, request, on_event):
        return
    screen.progress("no node is running here: starting one for this command ...")
    lean.load()
    from edge.cli import open as composition

    composition.run_once(data, request, on_event)
