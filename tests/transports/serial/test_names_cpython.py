"""Which device a port is today."""

from pathlib import Path

from transports.serial.names_posix import Name, aliases

ADAPTER = "usb-FTDI_FT232R_A10K4XYZ-if00-port0"


def machine(folder: Path, device: str) -> tuple[str, str]:
    """``(/dev, by-id)`` where the adapter is ``device``."""
    devices, by_id = folder / "dev", folder / "dev" / "serial" / "by-id"
    by_id.mkdir(parents=True, exist_ok=True)
    for old in [*devices.glob("tty*"), *by_id.iterdir()]:
        old.unlink()
    if device:
        (devices / device).touch()
        (by_id / ADAPTER).symlink_to(devices / device)
    return str(devices), str(by_id)


def test_a_name_that_stays(tmp_path: Path):
    name = Name(ADAPTER, *machine(tmp_path, "ttyUSB0"))
    assert name.is_there()
    machine(tmp_path, "")
    assert not name.is_there()
    machine(tmp_path, "ttyUSB1")
    assert name.is_there() and Path(name.path()).resolve().name == "ttyUSB1"


def test_a_port_named_as_today_is_found_again_under_another_name(tmp_path: Path):
    for port in ("ttyUSB0", str(tmp_path / "dev" / "ttyUSB0")):
        name = Name(port, *machine(tmp_path, "ttyUSB0"))
        assert name.path() == str(tmp_path / "dev" / "ttyUSB0")
        name.remember()
        machine(tmp_path, "ttyUSB1")
        assert name.is_there() and Path(name.path()).resolve().name == "ttyUSB1"


def test_without_by_id(tmp_path: Path):
    assert aliases(str(tmp_path / "nothing")) == []
    name = Name("ttyAMA0", str(tmp_path), str(tmp_path / "nothing"))
    name.remember()
    assert name.path() == str(tmp_path / "ttyAMA0")
