"""Where a configuration comes from: defaults, then the file, then the command line."""

import os

from edge.cli import UsageError
from edge.cli.data_dir import DataDir
from edge.config import KNOBS, NodeConfig
from edge.errors import LocalError

FILE_BYTES_MAX = 262144


def load(data: DataDir, path: str | None, overrides: dict) -> NodeConfig:
    """The configuration of a node; UsageError names the file and the setting that is wrong."""
    values = read_values(data, path)
    try:
        _name_ports(values)
        config = NodeConfig(values)  # first the file alone: its faults are the file's
    except LocalError as error:
        raise UsageError(f"{path or data.config_path}: {error}\n{_ADVICE}") from None
    if overrides:
        values.update(overrides)
        try:
            _name_ports(values)
            config = NodeConfig(values)
        except LocalError as error:
            raise UsageError(str(error)) from None
    return config


def _name_ports(values: dict) -> None:
    """Ports as people name them become addresses."""
    ports = values.get("serial")
    if ports and isinstance(ports, list):
        from edge.cli.machine.ports import to_address

        values["serial"] = [to_address(port) for port in ports]


_ADVICE = "'edge config' shows every setting with its bounds"


def read_values(data: DataDir, path: str | None) -> dict:
    """What the configuration file says; empty if there is none and none was named."""
    place = path or data.config_path
    if not path and not os.path.exists(place):
        return {}
    text = _read(place)
    if len(text) > FILE_BYTES_MAX:
        raise UsageError(f"{place} is longer than {FILE_BYTES_MAX} bytes: is it the right file?")
    try:
        values = _parse(place, text.decode())
    except ValueError as error:  # both parsers' errors and bad UTF-8 are ValueErrors
        raise UsageError(f"{place}: {error}") from None
    except RecursionError:
        raise UsageError(f"{place}: brackets inside brackets inside brackets ...") from None
    if not isinstance(values, dict):
        raise UsageError(f"{place}: a JSON object was expected")
    return values


def _read(place: str) -> bytes:
    """The start of a file, which may be anything that was named."""
    try:
        with open(place, "rb") as source:
            return source.read(FILE_BYTES_MAX + 1)
    except FileNotFoundError:
        raise UsageError(f"there is no configuration file {place}") from None
    except OSError as error:
        raise UsageError(f"cannot read {place}: {error.strerror}") from None


def _parse(place: str, text: str):
    if place.endswith(".json"):
        import json

        return json.loads(text)
    import tomllib

    return tomllib.loads(text)


def to_values(config: NodeConfig) -> dict:
    """The settings of ``config`` as plain values, which NodeConfig takes back."""
    values = {}
    for name, default, _, _ in KNOBS:
        value = getattr(config, name)
        values[name] = [str(item) for item in value] if isinstance(default, tuple) else value
    return values
