"""The disk image: the kernel's command line in the last sector of the 1 MiB boot area (from chapter 2 on)."""
import os
import pathlib

SECTOR = 512
BOOT_AREA_SECTORS = 2048
COMMAND_LINE_OFFSET = (BOOT_AREA_SECTORS - 1) * SECTOR
COMMAND_LINE_MAX = 127


def set_command_line(image: str | os.PathLike, line: str) -> None:
    """Write the kernel's command line into an image: at most 127 ASCII bytes, zero-terminated."""
    data = line.encode("ascii")
    if len(data) > COMMAND_LINE_MAX:
        raise ValueError(f"command line of {len(data)} bytes, at most {COMMAND_LINE_MAX} fit: {line!r}")
    if b"\0" in data:
        raise ValueError("a command line cannot hold a zero byte")
    if pathlib.Path(image).stat().st_size < COMMAND_LINE_OFFSET + SECTOR:
        raise ValueError(f"{image} has no whole boot area, so no place for a command line")
    with open(image, "r+b") as file:
        file.seek(COMMAND_LINE_OFFSET)
        file.write(data.ljust(COMMAND_LINE_MAX + 1, b"\0"))


def command_line(image: str | os.PathLike) -> str:
    """The command line stored in an image."""
    with open(image, "rb") as file:
        file.seek(COMMAND_LINE_OFFSET)
        return file.read(COMMAND_LINE_MAX + 1).split(b"\0")[0].decode("ascii", "replace")
