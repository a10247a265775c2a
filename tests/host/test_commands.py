"""The commands of user/bin on the host, under the sanitizers, next to the host's own.

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
           "touch", "chmod", "tree", "du", "xargs", "env", "calc", "stat", "cmp", "paste", "date", "id"]
TIMEOUT = 60 * float(os.environ.get("RUNG_TIMEOUT_SCALE", "1"))
ROUNDS = int(os.environ.get("RUNG_ROUNDS", "5"))

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
    done = subprocess.run([*compiler, folder / "all.c", *objects, "-lm", "-o", folder / "all"], text=True,
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
    environment = {"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/bin:/bin", "ASAN_OPTIONS": "detect_leaks=0"}
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
        if other[0] < 0:
            return b""      # GNU's own died: there are such patterns
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
            both(name, dice.choice(["-n", "-c"]), number(dice), *names[:1], stdin=text(dice), folder=tmp_path)
            both(name, dice.choice(["-n", "-c"]), "3", *names, stdin=text(dice), folder=tmp_path)
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


PIECES = ["a", "b", "c", "X", "1", ".", " ", "[ab]", "[^a]", "[a-c]", "[[:digit:]]", "[]x]", "[^]a-]", "\\.", "\\w",
          "\\W", "\\b", "\\<", "\\>", "-", "_", "\\s"]


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
                                       ["[[:nothing:]]"], ["*a"], ["^*a"], ["\\(*a\\)"],
                                       ["a**"], ["-E", "a+*?"], ["x\\{0\\}a"], ["a\\|b"], ["-F", "a.\\"], [""],
                                       ["-E", "a||b"], ["-E", "()"], ["-e", "a", "-e", "b"], ["a\nb"], ["-F", "-x",
                                                                                                        "ab"]],
                         ids=" ".join)
def test_grep_patterns(both, arguments):
    both("grep", *arguments, stdin=b"a\nb\nab\n*a\nxa\na.\\\n\n^*a\n")


def test_grep_speed(ours):
    """No pattern takes exponential time."""
    status, out, _ = run(ours / "grep", ["-E", "(a*)*(a*)*(a|aa)+b{40}c"], b"a" * 3000 + b"\n")
    assert (status, out) == (1, b"")


def test_grep_refused(ours):
    """A pattern beyond all measure is refused with words, also one that nests deeply."""
    for pattern_text in ("((((a{255}){255}){255}){255})", "(" * 5000 + "a" + ")" * 5000, "(a)\\1"):
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
            path.symlink_to(dice.choice(["a", "b/c", "nowhere", "."]))
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
            ("mv", [one, two]), ("mv", [one, two, three]), ("mv", [one, "."]), ("rm", [one, two]), ("rm", ["-r", one,
                                                                                                           two]),
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
    path = "/".join(["d"] * 700)
    os.makedirs(tmp_path / path)
    assert run(ours / "cp", ["-r", "d", "e"], folder=tmp_path)[0] == 0
    assert (tmp_path / path.replace("d", "e", 1)).is_dir()
    assert run(ours / "rm", ["-r", "d", "e"], folder=tmp_path)[0] == 0
    assert list(tmp_path.iterdir()) == []


MESSAGES = [
    ("cat", ["missing"]), ("cat", ["d"]), ("cp", ["missing", "x"]), ("cp", ["d", "x"]), ("cp", ["f", "f"]),
    ("cp", ["f", "missing/x"]), ("cp", ["f", "f", "missing"]), ("cp", ["-r", "d", "f"]), ("cp", ["f", "g", "f"]),
    ("mv", ["missing", "x"]), ("mv", ["f", "f"]), ("mv", ["d", "d/e"]), ("mv", ["d", "f"]), ("mv", ["f", "missing/x"]),
    ("rm", ["missing"]), ("rm", ["d"]), ("rm", ["-r", "."]), ("rm", ["d/f/x"]), ("mkdir", ["f"]),
    ("mkdir", ["missing/x"]), ("mkdir", ["-p", "f/x"]), ("ls", ["missing"]), ("head", ["-n", "x"]),
    ("grep", ["a", "missing"]),
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
            lines = error.decode().replace(str(program), program.name).splitlines()
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
        os.sync()   # until then a new file may have no blocks yet
        both("ls", *options, *names, folder=folder)


def test_ls_columns(ours, tmp_path):
    """In columns each name begins under the others, and no row is wider than the terminal."""
    for name in [f"name{number:0{width}d}" for number, width in zip(range(60), [1, 3, 9] * 20)]:
        (tmp_path / name).write_text("")
    theirs = run("/usr/bin/ls", ["-C", "-T0", "-w60"], folder=tmp_path)[1]
    environment = dict(os.environ, COLUMNS="60", LC_ALL="C", ASAN_OPTIONS="detect_leaks=0")
    mine = subprocess.run([ours / "ls", "-C"], cwd=tmp_path, env=environment, capture_output=True).stdout
    assert mine == theirs


# Chapter 10's

def numbers(dice: random.Random) -> bytes:
    """Lines with numbers among other words: signs, decimals, zeros, none at all."""
    words = ["0", "-0", "-1", "1", "10", "9", "007", "1.5", "1.50", "-1.05", ".5", "-.5", "x", "",
             "99999999999999999999",
             "1e3", "+1", "- 1", "a b", "b a"]
    lines = [" " * dice.randrange(3) + dice.choice(words) + dice.choice(["", " ", "\t", " z", "\tq 3"])
             for _ in range(dice.choice([0, 1, 5, 40]))]
    return "".join(line + "\n" for line in lines).encode()


@pytest.mark.chapters("10")
def test_sort(both, dice, tmp_path):
    for _ in range(15 * ROUNDS):
        options = [option for option in ("-n", "-r", "-u", "-f", "-b", "-s") if dice.random() < 0.25]
        for _ in range(dice.choice([0, 0, 1, 2])):
            start = f"{dice.randrange(1, 4)}{dice.choice(['', '', '.2'])}{dice.choice(['', 'n', 'r', 'b', 'nr', 'f'])}"
            end = f"{dice.randrange(1, 4)}{dice.choice(['', '', '.0', '.3'])}{dice.choice(['', '', 'b'])}"
            options += ["-k", start + dice.choice(["", "," + end])]
        options += dice.choice([[], [], ["-t", " "], ["-t", "a"]])
        both("sort", *options, stdin=dice.choice([text, numbers])(dice))
    names = files(dice, tmp_path, 3)
    both("sort", *names, "-", stdin=b"x\n", folder=tmp_path)
    both("sort", "-o", "f0", "f1", "f0", folder=tmp_path)
    for content in (b"a\nb\nb\n", b"b\na\n"):
        both("sort", "-c", stdin=content, errors=True)
        both("sort", "-cu", stdin=content)


@pytest.mark.chapters("10")
def test_sort_much(both, dice):
    both("sort", "-n", stdin=b"".join(b"%d\n" % dice.randrange(10 ** 6) for _ in range(30000)))


@pytest.mark.chapters("10")
@pytest.mark.parametrize("arguments", [["-k", "0"], ["-k", "1,0"], ["-k", "x"], ["-k", "1.0"], ["-t", "ab"], ["-t", ""],
                                       ["missing"]], ids=" ".join)
def test_sort_refused(both, tmp_path, arguments):
    both("sort", *arguments, folder=tmp_path)


@pytest.mark.chapters("10")
def test_uniq(both, dice, tmp_path):
    for _ in range(5 * ROUNDS):
        options = [option for option in ("-c", "-d", "-u", "-i") if dice.random() < 0.3]
        lines = [dice.choice([b"a", b"A", b"b", b"", b"long line"]) for _ in range(dice.randrange(20))]
        both("uniq", *options, stdin=b"\n".join(lines) + dice.choice([b"", b"\n"]))


@pytest.mark.chapters("10")
def test_tr(both, dice):
    sets = ["a-z", "A-Z", "abc", "\\n", " \\t", "[:upper:]", "[:lower:]", "[:digit:]", "[:space:]", "x", "\\141-\\143",
            "a-", "[:alnum:]", "[ab]", "\\\\"]
    for _ in range(8 * ROUNDS):
        one, other = dice.choice(sets), dice.choice(sets)
        if "[:" in one + other and {one, other} != {"[:upper:]", "[:lower:]"}:
            both("tr", dice.choice(["-d", "-s", "-cd", "-cs"]), one, stdin=text(dice))
        elif one != other:
            both("tr", *dice.choice([[], ["-s"], ["-ds"]]), one, other, stdin=text(dice))
    both("tr", "z-a", "x", stdin=b"a")
    both("tr", "-c", "a", "x", stdin=dice.randbytes(1000))


@pytest.mark.chapters("10")
def test_cut(both, dice):
    for _ in range(5 * ROUNDS):
        parts = [dice.choice(["1", "2", "3-5", "-2", "4-", "2-2", "7"]) for _ in range(dice.randrange(1, 4))]
        options = [dice.choice(["-b", "-c"]), ",".join(parts)]
        if dice.random() < 0.6:
            options = ["-f", ",".join(parts), *dice.choice([[], ["-s"]]), "-d", dice.choice("a b.")]
        both("cut", *options, stdin=text(dice))
    for wrong in ("0", "3-1", "x", "", "1,,2", "-"):
        both("cut", "-f", wrong, stdin=b"a\n")


@pytest.mark.chapters("10")
def test_seq(both, dice):
    for _ in range(5 * ROUNDS):
        arguments = [dice.choice(["", "-"]) + str(dice.randrange(1, 20)) + dice.choice(["", "", ".5", ".25"])
                     for _ in range(dice.randrange(1, 4))]
        both("seq", *dice.choice([[], ["-w"], ["-s", ","]]), *arguments)
    for wrong in (["1", "0", "2"], ["x"], []):
        assert run(both.ours / "seq", wrong)[0] != 0


@pytest.mark.chapters("10")
@pytest.mark.parametrize("path", ["a", "/", "//", "a/b", "/a/b/", "a//b//", "", "a/", "/a", "b.c", "x/b.c", "..",
                                  "/.."])
def test_paths(both, path):
    both("basename", path)
    both("basename", path, ".c")
    both("dirname", path)


@pytest.mark.chapters("10")
def test_find(both, dice, tmp_path):
    """Names, types, sizes, depths and what joins them; the order is each program's own."""
    tests = [["-name", "n*"], ["-name", "?"], ["-name", "[ab]"], ["-name", ".*"], ["-iname", "LONG*"], ["-type", "d"],
             ["-type", "f"], ["-type", "l"], ["-size", "+0"], ["-size", "-2"], ["-size", "1"], ["-size", "+20c"],
             ["-empty"],
             ["-path", "*/a/*"], ["-perm", "644"], ["-perm", "-111"], ["-mtime", "0"], ["-mtime", "+1"], ["-newer",
                                                                                                          "a"],
             ["-maxdepth", "2"], ["-mindepth", "1"], ["!", "-type", "d"], ["(", "-name", "a", "-o", "-name", "b", ")"],
             ["-name", "a", "-prune"], ["-exec", "test", "-d", "{}", ";"]]
    for index in range(4 * ROUNDS):
        folder = tmp_path / str(index)
        folder.mkdir()
        grow(dice, folder)
        chosen = sum((dice.choice(tests) for _ in range(dice.randrange(4))), [])
        # Options of depth hold for all, wherever they stand: GNU warns where they stand late.
        depth = [word for i, word in enumerate(chosen)
                 if word.endswith("depth") or i and chosen[i - 1].endswith("depth")]
        chosen = depth + [word for i, word in enumerate(chosen)
                          if not (word.endswith("depth") or i and chosen[i - 1].endswith("depth"))]
        if "-newer" in chosen and not (folder / "a").exists():
            continue
        mine, theirs = (run(program, chosen, folder=folder)
                        for program in (both.ours / "find", shutil.which("find")))
        assert sorted(mine[1].splitlines()) == sorted(theirs[1].splitlines()), (chosen, mine, theirs)
        assert mine[0] == theirs[0] and bool(mine[2]) == bool(theirs[2]), (chosen, mine, theirs)


@pytest.mark.chapters("10")
def test_find_acts(ours, tmp_path):
    for name in ("a/x", "a/y", "b/x"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    assert run(ours / "find", [".", "-name", "x", "-exec", "cat", "{}", ";"], folder=tmp_path)[1] == b"a/xb/x"
    assert run(ours / "find", ["a", "-type", "f", "-exec", "echo", "{}", "+"], folder=tmp_path)[1] == b"a/x a/y\n"
    assert run(ours / "find", ["a", "-print0"], folder=tmp_path)[1] == b"a\0a/x\0a/y\0"
    assert run(ours / "find", ["a", "-delete"], folder=tmp_path)[0] == 0 and not (tmp_path / "a").exists()
    for wrong in (["-nothing"], ["-name"], ["("], ["-type", "q"], ["-size", "x"], ["-exec", "a"], ["-o"], ["missing"]):
        status, _, error = run(ours / "find", wrong, folder=tmp_path)
        assert status == 1 and error.startswith(b"find: "), wrong


@pytest.mark.chapters("10")
def test_hexdump(both, dice):
    for _ in range(2 * ROUNDS):
        data = dice.choice([b"", dice.randbytes(dice.randrange(100)), b"\0" * dice.randrange(100), b"ab" * 40])
        both("hexdump", "-C", *dice.choice([[], ["-v"], ["-n", "20"]]), stdin=data)


@pytest.mark.chapters("10")
def test_trees_10(twins, dice):
    names = ["a", "b", ".h", "n0", "missing", "a/b", "n1/a", "new"]
    for _ in range(5 * ROUNDS):
        one, two = dice.choice(names), dice.choice(names)
        mode = dice.choice(["755", "u+x", "go-rwx", "a=r", "+x", "-w", "u=rw,go=", "g+s", "+t", "a+X", "u=rwx,g+w",
                            "0"])
        twins(*dice.choice([
            ("ln", [one, two]), ("ln", ["-s", one, two]), ("ln", ["-sf", one, two]), ("ln", ["-f", one, two]),
            ("rmdir", [one, two]), ("rmdir", ["-p", one]), ("chmod", [mode, one]), ("chmod", ["-R", mode, one]),
            ("touch", [one, two]), ("touch", ["-c", one]),
        ]), dice.randrange(1 << 30))


@pytest.mark.chapters("10")
def test_xargs(both, dice):
    words = ["a", "b c", "'q q'", '"d d"', "x\\ y", "", "\t", "-n"]
    for _ in range(3 * ROUNDS):
        stdin = "".join(dice.choice(words) + dice.choice([" ", "\n"]) for _ in range(dice.randrange(8))).encode()
        both("xargs", *dice.choice([[], ["-n", "2"], ["-r"], ["-t"], ["-I", "{}"]]),
             *dice.choice([["echo"], ["echo", "x{}y"], ["printf", "%s."]]), stdin=stdin)
    both("xargs", "-0", "echo", stdin=b"a b\0c\n\0")
    both("xargs", "false", stdin=b"a")
    both("xargs", "/missing", stdin=b"a")
    both("xargs", "sh", "-c", "exit 255", stdin=b"a")
    both("xargs", stdin=b"'a\n")
    both("xargs", "echo", stdin=b" ".join(b"%d" % number for number in range(4000)) + b"\n")


@pytest.mark.chapters("10")
def test_env_and_tee(both, tmp_path):
    both("env", "-i", "A=1", "B=2")
    both("env", "-i", "A=1", "/usr/bin/env")
    both("env", "/missing")
    both("tee", "x", stdin=b"abc\n", folder=tmp_path)
    both("tee", "-a", "x", stdin=b"def\n", folder=tmp_path)
    both("tee", "missing/x", stdin=b"abc\n", folder=tmp_path)
    assert (tmp_path / "x").read_bytes() == b"abc\n" + b"def\n" * 2


@pytest.mark.chapters("10")
def test_stat_and_du(both, dice, tmp_path):
    grow(dice, tmp_path)
    os.sync()
    (tmp_path / "one").write_text("1")
    os.link(tmp_path / "one", tmp_path / "two")
    os.sync()
    for name in ("one", "two", ".", "/dev/null", "missing"):
        both("stat", "-c", "%n %s %b %a %A %F %h %i %u %U %y %Y %f %d %B %o", name, folder=tmp_path)
        both("stat", "-L", "-c", "%F", name, folder=tmp_path)
    for options in (["-s"], ["-a"], ["-sh"]):
        # Of the file's two names the one counts that is met first, in whatever order the folder has them.
        mine, theirs = (sorted(run(program, options, folder=tmp_path)[1].replace(b"./two", b"./one").splitlines())
                        for program in (both.ours / "du", "/usr/bin/du"))
        assert mine == theirs


CALC = [
    ("1+2*3", "7"), ("(1+2)*3", "9"), ("2**3**2", "512"), ("-2**2", "-4"), ("7/2", "3"), ("-7/2", "-3"), ("-7%3", "-1"),
    ("1<<62", str(1 << 62)), ("0xff", "255"), ("0b101", "5"), ("10-2-3", "5"), ("1 < 2 == 1", "1"), ("6 & 3 | 8", "10"),
    ("7.0/2", "3.5"), (".1+.2", "0.3"), ("2**.5", "1.4142135623731"), ("1e3", "1000"), ("1e-7", "1e-07"),
    ("-1.5", "-1.5"), ("7.5 % 2", "1.5"), ("1 < 1.5", "1"), ("!0.0", "1"), ("0.5 && 1", "1"), ("sqrt(16)", "4"),
    ("2*sqrt(2) ** 2", "4"), ("cos(pi)", "-1"), ("round(-2.5)", "-3"), ("abs(-3) + 1", "4"), ("2 ** -1.0", "0.5"),
    ("1/3.", "0.333333333333333"),
    ("~0", "-1"), ("!5", "0"), ("3 > 2 && 0 || 1", "1"), ("9223372036854775807", "9223372036854775807"),
    ("-9223372036854775807-1", "-9223372036854775808"), ("2*-3", "-6"), ("5 ^ 1", "4"), ("-8>>1", "-4"),
]
CALC_WRONG = ["1/0", "1%0", "9223372036854775808", "9223372036854775807+1", "2**63", "(-9223372036854775807-1)/-1",
              "1<<63", "1<<64", "1+", "(1", "x", "1 2", "0x", "09a", "*", "((" * 300 + "1", "-" * 1000 + "1", "2**-1",
              "4000000000**2", "-(-9223372036854775807-1)", "1.5 & 1", "~1.5", "1.5 << 1", "1./0", "1%0.0", "1.2.3",
              "1.5x", ".", "1e999", "1e300*1e300", "sqrt(-1)", "log(0)", "nothing(1)", "sqrt 4", "sqrt(4", "sqrt()",
              "sqrt(" * 300 + "1"]


@pytest.mark.chapters("10")
def test_calc(ours):
    for expression, result in CALC:
        assert run(ours / "calc", [expression])[:2] == (0, result.encode() + b"\n"), expression
    for expression in CALC_WRONG:
        status, out, error = run(ours / "calc", [expression])
        assert (status, out) == (1, b"") and error.startswith(b"calc: "), expression
    assert run(ours / "calc", [], b"a = 6\nb=7\na*b\n_+1\n# nothing\n\na==6\n")[1] == b"42\n43\n1\n"
    assert run(ours / "calc", ["-x", "255"])[1] == b"0xff\n"


@pytest.mark.chapters("10")
def test_calc_random(ours, dice):
    """Sums and products as Python has them, divisions towards zero; or an error when anything does not fit."""
    def expression(depth: int):
        if depth == 0 or dice.random() < 0.2:
            value = dice.choice([0, 1, 2, 7, 1 << 31, (1 << 63) - 1, dice.randrange(1 << 62)])
            return str(value), value
        (left, one), (right, other) = expression(depth - 1), expression(depth - 1)
        operator = dice.choice("+-*/%&|^")
        result = None
        if one is not None and other is not None and not (operator in "/%" and other == 0):
            quotient = abs(one) // abs(other) * (1 if (one < 0) == (other < 0) else -1) if operator in "/%" else 0
            result = {"+": one + other, "-": one - other, "*": one * other, "/": quotient, "%": one - quotient * other,
                      "&": one & other, "|": one | other, "^": one ^ other}[operator]
            result = result if -(1 << 63) <= result < 1 << 63 else None
        return f"({left}{operator}{right})", result
    for _ in range(5 * ROUNDS):
        source, value = expression(dice.randrange(1, 5))
        status, out, _ = run(ours / "calc", [source])
        assert (status, out) == ((0, b"%d\n" % value) if value is not None else (1, b"")), source
