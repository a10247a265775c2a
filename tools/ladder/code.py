"""What counts as code, and in which order it is read."""
import pathlib
import re

C_LIKE = {".c", ".h", ".ld"}
ASSEMBLY = {".asm", ".inc"}
REWRITTEN = "kernel/demo.c"         # the one file that each chapter may rewrite

_BLOCK_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_LINE_COMMENT = {suffix: re.compile(r"^\s*//.*$", re.MULTILINE) for suffix in C_LIKE} | \
                {suffix: re.compile(r"^\s*;.*$", re.MULTILINE) for suffix in ASSEMBLY}
_MAKE_COMMENT = re.compile(r"^\s*#.*$", re.MULTILINE)
_SOURCES = re.compile(r"^([\w/]+)\s*\+=\s*(.*)$", re.MULTILINE)


def is_code(name: str) -> bool:
    """True for the files whose lines count, by the path in the chapter."""
    path = pathlib.PurePath(name)
    return path.parts[0] != "rootfs" and (path.suffix in C_LIKE | ASSEMBLY or path.name == "Makefile")


def code_lines(name: str, text: str) -> list[str]:
    """The code lines of a file: neither blank nor comment, without trailing blanks."""
    suffix = pathlib.PurePath(name).suffix
    if suffix in C_LIKE:
        text = _BLOCK_COMMENT.sub(lambda match: "\n" * match.group().count("\n"), text)
    text = _LINE_COMMENT.get(suffix, _MAKE_COMMENT).sub("", text)
    return [line.rstrip() for line in text.splitlines() if line.strip()]


def purpose(name: str, text: str) -> str:
    """The first sentence of the comment at a file's head: what the file is for. Empty where there is none."""
    marker = {".asm": ";", ".inc": ";"}.get(pathlib.PurePath(name).suffix, "#" if name.endswith("Makefile") else "//")
    words: list[str] = []
    for line in text.splitlines():
        if not line.startswith(marker):
            break
        if not (content := line[len(marker):].strip()):
            break
        words.append(content)
    if block := re.match(r"/\*(.*?)\*/", text, re.DOTALL):
        words = block[1].split()        # a linker script's head
    comment = re.sub(r" ?\([^()]*\)", "", " ".join(words))       # without sources and other asides
    end = re.search(r"[.:]$|\.(?=\s)", comment)
    return comment[:end.start()] if end else comment


def reading_order(makefile: str, names: list[str]) -> list[str]:
    """Sort files as they are read: the Makefile, then room by room as it names them; in a room first the headers and
    linker scripts that stand alone, then each source behind its header. Other files come last, by name."""
    rooms: dict[str, list[str]] = {}
    for room, sources in _SOURCES.findall(makefile):
        rooms.setdefault(room, []).extend(sources.split())
    place: dict[str, tuple[int, int]] = {}
    for n, (room, sources) in enumerate(rooms.items()):
        for m, source in enumerate(sources):
            place.setdefault(f"{room}/{pathlib.PurePath(source).stem}", (n, m))
    room_numbers = {room: n for n, room in enumerate(rooms)}

    def key(name: str) -> tuple:
        path = pathlib.PurePath(name)
        if name == "Makefile":
            return (-1,)
        where = place.get(str(path.with_suffix(""))) or (room_numbers.get(str(path.parent), len(rooms)), -1)
        return (*where, path.suffix != ".h", name)

    return sorted(names, key=key)
