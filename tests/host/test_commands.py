"""The commands of user/bin on the host, under the address and the undefined behaviour sanitizer, next to the host's own.

All commands are linked into one program, as chapter 9 links them into the kernel. For random texts, arguments and
trees of files each must print, leave behind and return what GNU's does. By hand, with other inputs:

    python3 -m pytest tests/host/test_commands.py --seed 7
"""
import os
import pathlib
import random
import re
import shutil
import stat
import subprocess

import pytest
from support.session import once

SANITIZE = ["-g", "-O1", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
SHARED = ["command", "walk", "pattern", "pattern_parse", "proc"]
TEXT = ["cat", "echo", "head", "tail", "wc", "grep", "ls", "cp", "mv", "rm", "mkdir"]
TEXT_10 = ["sort", "uniq", "tr", "cut", "seq", "basename", "dirname", "tee", "find", "test", "ln", "rmdir", "hexdump",
           "touch", "chmod", "tree", "du", "xargs", "env", "expr", "calc", "stat"]
TIMEOUT = 60 * float(os.environ.get("RUNG_TIMEOUT_SCALE", "1"))
ROUNDS = int(os.environ.get("RUNG_FUZZ_RUNS", "12"))

pytestmark = pytest.mark.chapters("09")

DISPATCH = """
#include <stdio.h>
#include <string.h>
%s
extern char *program_invocation_short_name;
int main(int argc, char **argv)
{
    const char *slash = strrchr(argv[0], '/'), *name = slash ? slash + 1 : argv[0];
    program_invocation_short_name = (char *)name;
%s
    return 127;
}
"""


def compile_all(chapter, folder: pathlib.Path) -> list:
    """The multi-call program folder/all, and a link to it for each command."""
    folder.mkdir(exist_ok=True)
    names = [name for name in TEXT + TEXT_10 if (chapter.path / f"user/bin/{name}.c").exists()]
    compiler = [f"clang{os.environ.get('LLVM', '')}", "-D_GNU_SOURCE", "-std=c17", "-Wall", "-Wextra", "-Werror",
                *SANITIZE, f"-I{chapter.path}"]
    objects = []
    for path, flags in ([(f"user/libc/{name}.c", []) for name in SHARED]
                        + [(f"user/bin/{name}.c", [f"-Dmain={name}_main"]) for name in names]):
        objects.append(str(folder / (path.replace("/", "-") + ".o")))
        done = subprocess.run([*compiler, *flags, "-c", chapter.path / path, "-o", objects[-1]], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if done.returncode:
            return [done.returncode, done.stdout]
    (folder / "all.c").write_text(DISPATCH % (
        "\n".join(f"int {name}_main(int, char **);" for name in names),
        "\n".join(f'    if (!strcmp(name, "{name}")) return {name}_main(argc, argv);' for name in names)))
    done = subprocess.run([*compiler, folder / "all.c", *objects, "-o", folder / "all"], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    for name in names:
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to("all")
    return [done.returncode, done.stdout]


@pytest.fixture
def ours(builder, chapter) -> pathlib.Path:
    """The folder with our commands."""
    folder = builder.shared / f"host-commands-{chapter}"
    status, messages = once(builder.shared, folder.name, lambda: compile_all(chapter, folder))
    assert status == 0, messages
    return folder


@pytest.fixture
def dice(request) -> random.Random:
    return random.Random(request.config.getoption("--seed"))


def run(program, arguments, stdin=b"", folder=None) -> tuple[int, bytes, bytes]:
    environment = {"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/bin:/bin", "ASAN_OPTIONS": "detect_leaks=0",
                   "POSIXLY_CORRECT": "1"}
    done = subprocess.run([str(program), *arguments], input=stdin, cwd=folder, env=environment, capture_output=True,
                          timeout=TIMEOUT)
    assert b"Sanitizer" not in done.stderr and b"runtime error" not in done.stderr, done.stderr.decode(errors="replace")
    return done.returncode, done.stdout, done.stderr


class Both:
    """Runs a command of ours and the host's, and compares output and status."""

    def __init__(self, ours: pathlib.Path):
        self.ours = ours

    def __call__(self, name: str, *arguments: str, stdin: bytes = b"", folder=None, theirs: str | None = None,
                 errors: bool = False) -> bytes:
        if not (self.ours / name).exists():
            pytest.skip(f"no {name} in this chapter")
        host = shutil.which(theirs or name)
        if host is None:
            pytest.skip(f"{name} is not installed")
        mine = run(self.ours / name, arguments, stdin, folder)
        other = run(host, arguments, stdin, folder)
        command = " ".join([name, *map(repr, arguments)])
        assert mine[:2] == other[:2], f"{command} with {stdin[:300]!r}: {mine} instead of {other}"
        assert bool(mine[2]) == bool(other[2]), f"{command}: {mine[2]!r} instead of {other[2]!r}"
        if errors:
            said = other[2].replace(host.encode(), name.encode())
            assert mine[2].splitlines()[:1] == said.splitlines()[:1], f"{command}: {mine[2]!r} instead of {said!r}"
        return mine[1]


@pytest.fixture
def both(ours) -> Both:
    return Both(ours)


def text(dice: random.Random, lines: int | None = None) -> bytes:
    """Lines of a small alphabet, so that some are equal; some are empty, one may be very long or the last unended."""
    alphabet = dice.choice([b"ab", b"abc ", b"abcXYZ019 \t.-_", bytes(range(32, 127))])
    result = [bytes(dice.choices(alphabet, k=dice.choice([0, 1, 2, 3, 5, 8, 20])))
              for _ in range(dice.choice([0, 1, 2, 5, 30, 200]) if lines is None else lines)]
    if result and dice.random() < 0.1:
        result[-1] = bytes(dice.choices(alphabet, k=20000))
    return b"\n".join(result) + (b"\n" if result and dice.random() < 0.8 else b"")


def files(dice: random.Random, folder: pathlib.Path, count: int) -> list[str]:
    names = [f"f{number}" for number in range(count)]
    for name in names:
        (folder / name).write_bytes(text(dice))
    return names


def number(dice: random.Random) -> str:
    return str(dice.choice([0, 1, 2, 3, 10, 1000, dice.randrange(300)]))


def test_head_and_tail(both, dice, tmp_path):
    for _ in range(ROUNDS):
        names = files(dice, tmp_path, dice.randrange(3))
        for name in ("head", "tail"):
            both(name, dice.choice(["-n", "-c"]), number(dice), *names, stdin=text(dice), folder=tmp_path)
        both("tail", dice.choice(["-n", "-c"]), "+" + number(dice), *names, stdin=text(dice), folder=tmp_path)


def test_tail_of_much(both, dice):
    """More than is kept at once: what is dropped on the way is not missed."""
    for count in ("3", "4000", "60000"):
        lines = b"".join(b"%d\n" % dice.randrange(10 ** dice.randrange(1, 9)) for _ in range(100000))
        both("tail", "-n", count, stdin=lines)
        both("tail", "-c", count, stdin=lines)


def test_wc(both, dice, tmp_path):
    for _ in range(ROUNDS):
        names = files(dice, tmp_path, dice.randrange(1, 4)) + dice.choice([[], ["missing"]])
        options = [option for option in ("-l", "-w", "-c") if dice.random() < 0.4]
        both("wc", *options, *names, folder=tmp_path)
        both("wc", *options, stdin=text(dice))


def test_cat(both, dice, tmp_path):
    for _ in range(ROUNDS):
        names = files(dice, tmp_path, dice.randrange(3)) + dice.choice([[], ["-"], ["missing"], ["."]])
        both("cat", *dice.choice([[], ["-n"]]), *names, stdin=text(dice), folder=tmp_path, errors=True)
    both("cat", stdin=dice.randbytes(100000))


PIECES = ["a", "b", "c", "X", "1", ".", " ", "[ab]", "[^a]", "[a-c]", "[[:digit:]]", "[]x]", "[^]a-]", "\\.", "\\w", "\\W",
          "\\b", "\\<", "\\>", "-", "_", "\\s"]


def pattern(dice: random.Random, extended: bool, depth: int = 0) -> str:
    """A random regular expression that POSIX defines."""
    result = "^" if depth == 0 and dice.random() < 0.2 else ""
    for _ in range(dice.randrange(1, 4)):
        if depth < 3 and dice.random() < 0.25:
            inside = pattern(dice, extended, depth + 1)
            if dice.random() < 0.5:
                inside += ("|" if extended else "\\|") + pattern(dice, extended, depth + 1)
            atom = f"({inside})" if extended else f"\\({inside}\\)"
        else:
            atom = dice.choice(PIECES)
        result += atom
        if dice.random() < 0.4 and atom not in ("\\b", "\\<", "\\>"):
            bounds = dice.choice(["2", "0,2", "1,", "1,3"])
            result += dice.choice(["*", "+", "?", f"{{{bounds}}}"] if extended
                                  else ["*", "\\+", "\\?", f"\\{{{bounds}\\}}"])
    return result + ("$" if depth == 0 and dice.random() < 0.2 else "")


def test_grep(both, dice, tmp_path):
    """What matches, and, with -o, where: the longest of the leftmost."""
    for _ in range(15 * ROUNDS):
        extended = dice.random() < 0.5
        options = ["-E"] if extended else []
        options += [option for option in ("-i", "-v", "-n", "-c", "-x", "-w") if dice.random() < 0.15]
        if dice.random() < 0.3 and "-v" not in options and "-w" not in options:
            options.append("-o")
        if "-w" in options and dice.random() < 0.9:
            options.remove("-w")    # GNU's takes shorter matches until one is a word, which costs it its speed
        both("grep", *options, "-e", pattern(dice, extended), stdin=text(dice))


def test_grep_files(both, dice, tmp_path):
    for _ in range(ROUNDS):
        names = files(dice, tmp_path, dice.randrange(1, 4)) + dice.choice([[], ["missing"]])
        options = [option for option in ("-l", "-c", "-q", "-h", "-H", "-s", "-L", "-F") if dice.random() < 0.2]
        both("grep", *options, *dice.choice([[], ["-m", "2"]]), "-e", dice.choice("ab."), *names, folder=tmp_path)


@pytest.mark.parametrize("arguments", [["a\\"], ["[a"], ["a\\(b"], ["-E", "a(b"], ["-E", "a)b"], ["[z-a]"], ["a\\{2"],
                                       ["[[:nothing:]]"], ["-E", "*a"], ["*a"], ["-E", "a|*b"], ["^*a"], ["\\(*a\\)"],
                                       ["a**"], ["-E", "a+*?"], ["x\\{0\\}a"], ["a\\|b"], ["-F", "a.\\"], [""],
                                       ["-E", "a||b"], ["-E", "()"], ["-e", "a", "-e", "b"], ["a\nb"], ["-F", "-x", "ab"]],
                         ids=" ".join)
def test_grep_patterns(both, arguments):
    both("grep", *arguments, stdin=b"a\nb\nab\n*a\nxa\na.\\\n\n^*a\n")


def test_grep_speed(ours):
    """No pattern takes exponential time."""
    status, out, _ = run(ours / "grep", ["-E", "(a*)*(a*)*(a|aa)+b{40}c"], b"a" * 3000 + b"\n")
    assert (status, out) == (1, b"")


def test_grep_refused(ours):
    """A pattern beyond all measure is refused with words, also one that nests deeply."""
    for pattern_text in ("((((a{255}){255}){255}){255})", "(" * 5000 + "a" + ")" * 5000, "a\\1" if False else "(a)\\1"):
        status, out, error = run(ours / "grep", ["-E", pattern_text], b"a\n")
        assert (status, out) == (2, b"") and error.startswith(b"grep: "), error


def test_echo(both):
    for arguments in ([], ["a", "b"], ["-n", "x"], ["", ""], ["-n"], ["a  b", "-n"]):
        both("echo", *arguments, theirs="/usr/bin/echo")


# Trees of files

def grow(dice: random.Random, folder: pathlib.Path, depth: int = 0) -> None:
    for index in range(dice.randrange(1, 6)):
        path = folder / dice.choice(["a", "b", ".h", "long-name", "s p", f"n{index}"])
        if path.exists() or path.is_symlink():
            continue
        kind = dice.random()
        if kind < 0.3 and depth < 4:
            path.mkdir()
            grow(dice, path, depth + 1)
        elif kind < 0.4:
            path.symlink_to(dice.choice(["a", "b/c", "nowhere", ".."]))
        else:
            path.write_bytes(text(dice))
            path.chmod(dice.choice([0o644, 0o755, 0o600]))


def snapshot(folder: pathlib.Path) -> dict:
    """What there is below a folder: type, rights, contents."""
    result = {}
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        content = os.readlink(path) if stat.S_ISLNK(mode) else path.read_bytes() if stat.S_ISREG(mode) else None
        result[str(path.relative_to(folder))] = (stat.filemode(mode), content)
    return result


@pytest.fixture
def twins(ours, tmp_path):
    """`twins(commands, seed)`: runs the same commands on two equal trees, with ours and with the host's."""
    def compare(name: str, arguments: list[str], seed: int) -> None:
        results = []
        for program, folder in ((ours / name, tmp_path / "ours"), (shutil.which(name), tmp_path / "theirs")):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            grow(random.Random(seed), folder)
            status, out, error = run(program, arguments, folder=folder)
            results.append((status, out, bool(error), snapshot(folder)))
        assert results[0] == results[1], f"{name} {arguments} seed {seed}: {error}"
    return compare


def test_trees(twins, dice):
    """cp, mv, rm and mkdir leave the same tree behind, whatever is in their way."""
    names = ["a", "b", ".h", "long-name", "s p", "n0", "n1", "missing", "a/b", "b/new", "n1/a"]
    for _ in range(10 * ROUNDS):
        seed = dice.randrange(1 << 30)
        one, two, three = (dice.choice(names) for _ in range(3))
        twins(*dice.choice([
            ("cp", [one, two]), ("cp", ["-r", one, two]), ("cp", ["-r", one, two, three]), ("cp", ["-r", one, "."]),
            ("mv", [one, two]), ("mv", [one, two, three]), ("mv", [one, "."]), ("rm", [one, two]), ("rm", ["-r", one, two]),
            ("rm", ["-rf", one, two]), ("rm", ["-d", one]), ("mkdir", [one, two]), ("mkdir", ["-p", one, two + "/x/y"]),
            ("mkdir", ["-m", "700", one]),
        ]), seed)


def test_copy_into_itself(ours, tmp_path):
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/f").write_text("f")
    status, _, error = run(ours / "cp", ["-r", "a", "a/b"], folder=tmp_path)
    assert status == 1 and error == b"cp: cannot copy a directory, 'a/b/a', into itself\n"
    assert (tmp_path / "a/b/a/f").read_text() == "f" and not (tmp_path / "a/b/a/b/a").exists()


def test_deep_tree(ours, tmp_path):
    """A tree as deep as a path can be long: copied and removed, in little memory."""
    path = "/".join(["d"] * 900)
    os.makedirs(tmp_path / path)
    assert run(ours / "cp", ["-r", "d", "e"], folder=tmp_path)[0] == 0
    assert (tmp_path / path.replace("d", "e", 1)).is_dir()
    assert run(ours / "rm", ["-r", "d", "e"], folder=tmp_path)[0] == 0
    assert list(tmp_path.iterdir()) == []


MESSAGES = [
    ("cat", ["missing"]), ("cat", ["d"]), ("cp", ["missing", "x"]), ("cp", ["d", "x"]), ("cp", ["f", "f"]),
    ("cp", ["f", "missing/x"]), ("cp", ["f", "f", "missing"]), ("cp", ["-r", "d", "f"]), ("cp", ["f", "g", "f"]),
    ("mv", ["missing", "x"]), ("mv", ["f", "f"]), ("mv", ["d", "d/e"]), ("mv", ["d", "f"]), ("mv", ["f", "missing/x"]),
    ("rm", ["missing"]), ("rm", ["d"]), ("rm", ["-r", "."]), ("rm", ["-r", "/"]), ("rm", ["d/f/x"]), ("mkdir", ["f"]),
    ("mkdir", ["missing/x"]), ("mkdir", ["-p", "f/x"]), ("ls", ["missing"]), ("head", ["-n", "x"]), ("grep", ["a", "missing"]),
    ("grep", ["a", "d"]), ("wc", ["missing"]), ("cp", []), ("mv", []), ("mkdir", []), ("rm", []), ("cp", ["f"]),
]


@pytest.mark.parametrize("name, arguments", MESSAGES, ids=[" ".join([name, *words]) for name, words in MESSAGES])
def test_messages(ours, tmp_path, name, arguments):
    """Wrong use gets GNU's words, and a status that is not 0."""
    (tmp_path / "d/f").mkdir(parents=True)
    (tmp_path / "f").write_text("f")
    (tmp_path / "g").write_text("g")
    mine, theirs = (run(program, arguments, folder=tmp_path) for program in (ours / name, shutil.which(name)))
    first = [re.sub(rb"^\S*/", b"", said[2].splitlines()[0]) for said in (mine, theirs)]
    assert first[0] == first[1] and mine[0] != 0 and theirs[0] != 0
    assert mine[0] == theirs[0] or b"operand" in first[0]


def test_unknown_option(ours):
    for program in sorted(ours.iterdir()):
        if program.is_symlink() and program.name not in ("echo", "basename", "dirname", "test", "calc", "find", "expr"):
            status, out, error = run(program, ["-#"])
            lines = error.decode().splitlines()
            assert status == 2 and out == b"" and len(lines) == 2, (program.name, status, error)
            assert re.match(rf"{program.name}: invalid option -- '?#'?$", lines[0]), error
            assert lines[1].startswith(f"usage: {program.name} "), error


def test_ls(both, dice, tmp_path):
    for index in range(2 * ROUNDS):
        folder = tmp_path / str(index)
        folder.mkdir()
        grow(dice, folder)
        options = [option for option in ("-a", "-A", "-l", "-R", "-F", "-r", "-t", "-S", "-d", "-1", "-i")
                   if dice.random() < 0.25]
        names = dice.choice([[], ["."], ["a"], ["a", "b"], ["a", "missing"]])
        both("ls", *options, *names, folder=folder)


def test_ls_columns(ours, tmp_path):
    """In columns each name begins under the others, and no row is wider than the terminal."""
    for name in [f"name{number:0{width}d}" for number, width in zip(range(60), [1, 3, 9] * 20)]:
        (tmp_path / name).write_text("")
    theirs = run("/usr/bin/ls", ["-C", "-T0", "-w60"], folder=tmp_path)[1]
    environment = dict(os.environ, COLUMNS="60", LC_ALL="C", ASAN_OPTIONS="detect_leaks=0")
    mine = subprocess.run([ours / "ls", "-C"], cwd=tmp_path, env=environment, capture_output=True).stdout
    assert mine == theirs
