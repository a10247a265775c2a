"""Trees of files: random ones from a seed, and the text that `ext2 IMAGE tree` prints of one."""
import os
import pathlib
import random
import stat
import zlib


def escaped(name: bytes) -> str:
    """As tools/ext2 prints a name, and reads one in a script."""
    return "".join(chr(byte) if 32 < byte < 127 and byte != 92 else f"\\x{byte:02x}" for byte in name)


def crc(path: bytes) -> int:
    """CRC-32 of a file; holes cost nothing to read but the time."""
    value = 0
    with open(path, "rb") as file:
        while data := file.read(1 << 20):
            value = zlib.crc32(data, value)
    return value


def _line(path: bytes, name: bytes, links: int) -> str:
    status = os.lstat(path)
    kind, size, check, target = "-", status.st_size, "-", ""
    if stat.S_ISDIR(status.st_mode):
        kind, size = "d", "-"
    elif stat.S_ISLNK(status.st_mode):
        kind, target = "l", f" -> {escaped(os.readlink(path))}"
    else:
        check = f"{crc(path):08x}"
    return f"{kind} {stat.S_IMODE(status.st_mode):04o} {links} {size} {check} {escaped(name)}{target}"


def canonical(folder: pathlib.Path, extra: tuple[str, ...] = ()) -> list[str]:
    """The lines of a folder of the host, without the root's own. extra: lines to sort in at the top."""
    lines: list[str] = []

    def walk(path: bytes, name: bytes) -> None:
        for entry in sorted(os.listdir(path)):
            inner, inner_name = path + b"/" + entry, name + b"/" + entry
            status = os.lstat(inner)
            if stat.S_ISDIR(status.st_mode):
                # Not all of the host's file systems count a directory's links as ext2 does.
                links = 2 + sum(item.is_dir(follow_symlinks=False) for item in os.scandir(inner))
                lines.append(_line(inner, inner_name, links))
                walk(inner, inner_name)
            else:
                lines.append(_line(inner, inner_name, status.st_nlink))

    walk(os.fsencode(folder), b"")
    return lines


def without(lines: list[str], path: str) -> list[str]:
    """The lines but that of one path, and the root's."""
    return [line for line in lines if line.split(" ")[5] not in (path, "/")]


def random_name(choose: random.Random) -> bytes:
    """A name of 1 to 255 bytes, some of them strange."""
    length = choose.choice((1, 2, 3, 5, 8, 8, 8, 12, 12, 20, 60, 255))
    letters = choose.choice((b"abcdefgh", b"abcXYZ.-_0123456789", bytes(set(range(1, 256)) - {47})))
    name = bytes(choose.choice(letters) for _ in range(length))
    return b"x" + name[1:] if name in (b".", b"..") else name


def fill_randomly(folder: pathlib.Path, seed: int, entries: int, bytes_max: int = 200_000) -> None:
    """Make a random tree in a folder: files with and without holes, directories, hard and symbolic links."""
    choose = random.Random(seed)
    folders, files = [os.fsencode(folder)], []
    for _ in range(entries):
        path = choose.choice(folders[-8:] if choose.random() < 0.5 else folders) + b"/" + random_name(choose)
        if len(path) > 3000 or os.path.lexists(path):
            continue
        kind = choose.random()
        if kind < 0.15:
            os.mkdir(path)
            os.chmod(path, choose.choice((0o755, 0o700, 0o1777)))
            folders.append(path)
        elif kind < 0.25:
            # To nowhere outside: no slash at its beginning, no dots.
            length = choose.choice((1, 10, 59, 60, 61, 200, 1000))
            target = bytes(choose.choice(b"abcd") for _ in range(length - 1)).replace(b"cd", b"/a")
            os.symlink(b"x" + target, path)
        elif kind < 0.35 and files:
            os.link(choose.choice(files), path)
        else:
            size = choose.choice((0, 1, 100, 1024, 4096, 12 * 1024, 12 * 4096 + 1, choose.randrange(bytes_max)))
            with open(path, "wb") as file:
                if choose.random() < 0.3:
                    for _ in range(3):
                        file.seek(choose.randrange(size + 1))
                        file.write(choose.randbytes(choose.randrange(1, 3000)))
                else:
                    file.write(choose.randbytes(size))
            os.chmod(path, choose.choice((0o644, 0o600, 0o755, 0o4755)))
            files.append(path)
