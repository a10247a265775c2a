"""The disk image: the kernel's command line in the last sector of the 1 MiB boot area (from chapter 2 on)."""
import os
import pathlib

SECTOR = 512
BOOT_AREA_SECTORS = 2048
COMMAND_LINE_OFFSET = (BOOT_AREA_SECTORS - 1) * SECTOR
COMMAND_LINE_MAX = 127


def copy_image(source: str | os.PathLike, target: str | os.PathLike) -> None:
    """Copy an image, leaving out what its file does not hold: most of a disk is empty."""
    with open(source, "rb") as old, open(target, "wb") as new:
        size = os.fstat(old.fileno()).st_size
        position = 0
        while position < size:
            try:
                start = os.lseek(old.fileno(), position, os.SEEK_DATA)
            except OSError:         # no data behind it
                break
            position = os.lseek(old.fileno(), start, os.SEEK_HOLE)
            old.seek(start)
            new.seek(start)
            while start < position:
                data = old.read(min(position - start, 1 << 20))
                new.write(data)
                start += len(data)
        new.truncate(size)


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
