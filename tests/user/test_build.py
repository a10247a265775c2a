"""Programs are built with the chapter, go onto the disk, and stay up to date."""
import re
import shutil
import struct
import subprocess

import pytest
from fs.ext2_tool import run
from fs.test_image import AFRESH, alone, folder, listed, root_of  # noqa: F401 (alone and folder are fixtures)
from ladder.test_build import compiled

pytestmark = pytest.mark.chapters("10")

PT_LOAD, PF_X, PF_W, PF_R = 1, 1, 2, 4


def sources(folder, room: str) -> list[str]:
    text = (folder / "Makefile").read_text()
    return [name for line in re.findall(rf"^{room} \+= (.*)$", text, re.MULTILINE) for name in line.split()]


def all_programs(folder) -> set[str]:
    rooms = set(re.findall(r"^user/(\w+) \+=", (folder / "Makefile").read_text(), re.MULTILINE)) - {"bin", "libc"}
    return {name.removesuffix(".c") for name in sources(folder, "user/bin")} | rooms


def linked(log: str) -> set[str]:
    return set(re.findall(r"^ +LD +build/bin/(\S+)$", log, re.MULTILINE))


@pytest.mark.chapters("09", "09")
def test_commands_are_functions(alone, folder):  # noqa: F811
    """In chapter 9 each file of user/bin is a function NAME_main of the kernel, and its main is that function."""
    names = subprocess.run(["llvm-nm", folder / "build/kernel.elf"], capture_output=True, text=True).stdout
    functions = set(re.findall(r" T (\w+)_main$", names, re.MULTILINE))
    assert all_programs(folder) <= functions
    with open(folder / "user/bin/echo.c", "a") as source:
        source.write("int more_data = 1;\n")
    log = alone.make("-j4")
    assert compiled(log) == {"user/bin/echo.c"} and "build/kernel.elf" in log and AFRESH not in log


def test_programs_on_disk(alone, folder, tmp_path):  # noqa: F811
    """/bin has all programs that the Makefile names, and the links; they may be run, and are as they were built."""
    image = root_of(folder / "build/os.img", tmp_path / "root")
    entries = {entry[-1]: entry[1] for entry in listed(image, "/bin")}
    programs = all_programs(folder)
    links = dict(re.findall(r"(\S+)=(\S+)", "".join(re.findall(r"^LINKS :=(.*)$", (folder / "Makefile").read_text(),
                                                               re.MULTILINE))))
    assert set(entries) - {".", ".."} == programs | set(links)
    assert {entries[name] for name in programs} == {"100755"} and {entries[name] for name in links} <= {"120777"}
    run("debugfs", "-R", f"dump /bin/cat {tmp_path}/cat", image)
    assert (tmp_path / "cat").read_bytes() == (folder / "build/bin/cat").read_bytes()


def test_segments(alone, folder):  # noqa: F811
    """Programs are ELF64 for a fixed address, no byte of them is both writable and executable, nor is the stack
    executable; one that does nothing takes two pages with contents."""
    for program in (folder / "build/bin").glob("*.elf"):
        data = program.with_suffix("").read_bytes()
        kind, machine, entry, offset, count = struct.unpack_from("<16xHH4xQQ16xH", data)[:4] + (data[56],)
        assert (data[:6], kind, machine) == (b"\x7fELF\x02\x01", 2, 62) and 0x400000 <= entry < 0x500000, program.name
        headers = [struct.unpack_from("<IIQQQQQQ", data, offset + 56 * i) for i in range(count)]
        flags = [header[1] for header in headers if header[0] in (PT_LOAD, 0x6474e551)]
        assert not any(flag & PF_W and flag & PF_X for flag in flags), program.name
        loaded = [header for header in headers if header[0] == PT_LOAD]
        assert all(header[2] % 4096 == header[3] % 4096 == 0 for header in loaded), program.name
        if program.name == "true.elf":
            code = [header for header in headers if header[0] == PT_LOAD and header[1] & PF_X]
            assert len(code) == 1 and code[0][5] < 1024 and len(data) < 16384


def test_floats_where_needed(alone, folder):  # noqa: F811
    """Who calculates with integers alone does without the code that puts floating-point numbers into texts; a program
    of a reader's has it."""
    shutil.copy(folder / "user/template/hello.c", folder / "user/bin/hello.c")
    text = (folder / "Makefile").read_text()
    (folder / "Makefile").write_text(text.replace("\ninclude ", "\nuser/bin += hello.c\ninclude "))
    alone.make("-j4")

    def has(program: str) -> bool:
        names = subprocess.run(["llvm-nm", folder / f"build/bin/{program}.elf"], capture_output=True, text=True).stdout
        return re.search(r" [TW] format_floating$", names, re.MULTILINE) is not None

    assert {name: has(name) for name in ("hello", "calc", "cat", "ls", "init")} == {
        "hello": True, "calc": True, "cat": False, "ls": False, "init": False}


def test_what_is_built_again(alone, folder):  # noqa: F811
    """A changed program is linked again alone; a changed part of the library, every program; a header, who has it."""
    alone.append("user/bin/cat.c", "// changed\n")
    log = alone.make("-j4")
    assert compiled(log) == {"user/bin/cat.c"} and linked(log) == {"cat"} and AFRESH not in log  # the same bytes
    alone.append("user/libc/number.c", "int more_data = 1;\n")
    log = alone.make("-j4")
    assert compiled(log) == {"user/libc/number.c"} and {"sh", "cat", "ls"} <= linked(log)
    alone.append("user/include/dirent.h", "// changed\n")
    log = compiled(alone.make("-j4"))
    assert "user/libc/directory.c" in log and "user/bin/true.c" not in log
    assert not any(name.startswith(("kernel", "boot")) for name in log)
    assert alone.make() == ""


def test_program_change_starts_afresh(alone, folder):  # noqa: F811
    """Another program is on the disk after make, which says so."""
    source = folder / "user/bin/true.c"
    source.write_text(source.read_text().replace("return 0", "return 7"))
    assert AFRESH in alone.make()
    status = subprocess.run([folder / "build/bin/true"]).returncode  # the calls are those of Linux
    assert status == 7


def test_programs_of_a_reader(alone, folder, tmp_path):  # noqa: F811
    """A file in rootfs/bin goes onto the disk with its right to be run, and before a program of ours; ROOT_EXTRA lies
    over both; a new file in user/bin, and a room of its own, are programs."""
    (folder / "rootfs/bin").mkdir(exist_ok=True)
    (folder / "rootfs/bin/cat").write_bytes(b"a cat of the reader's")
    (folder / "rootfs/bin/cat").chmod(0o755)
    (tmp_path / "extra/bin").mkdir(parents=True)
    (tmp_path / "extra/bin/ls").write_bytes(b"an ls of the test's")
    (folder / "user/bin/hello.c").write_text((folder / "user/template/hello.c").read_text())
    (folder / "user/game").mkdir()
    (folder / "user/game/main.c").write_text("int score(void);\nint main(void)\n{\n    return score();\n}\n")
    (folder / "user/game/score.c").write_text("int score(void);\nint score(void)\n{\n    return 9;\n}\n")
    makefile = (folder / "Makefile").read_text()
    (folder / "Makefile").write_text(makefile.replace(
        "include ../common.mk", "user/bin += hello.c\nuser/game += main.c score.c\ninclude ../common.mk"))
    alone.make("-j4", f"ROOT_EXTRA={tmp_path}/extra")
    image = root_of(folder / "build/os.img", tmp_path / "root")
    entries = {entry[-1]: entry for entry in listed(image, "/bin")}
    assert entries["cat"][1] == "100755" and entries["cat"][4 + 1] == str(len("a cat of the reader's"))
    assert entries["ls"][4 + 1] == str(len("an ls of the test's"))
    assert entries["hello"][1] == entries["game"][1] == "100755"
    assert subprocess.run([folder / "build/bin/game"]).returncode == 9
    hello = subprocess.run([folder / "build/bin/hello", "reader"], capture_output=True, text=True).stdout
    assert hello.endswith("called with 2 words:\n0: %s\n1: reader\n" % (folder / "build/bin/hello"))


def test_sanitizer_is_the_kernels(alone, folder):  # noqa: F811
    """SAN=1 changes the kernel, and no program."""
    alone.make("-j4", "SAN=1", "build/san/bin/cat")
    assert (folder / "build/san/bin/cat").read_bytes() == (folder / "build/bin/cat").read_bytes()


def test_template_on_the_host(chapter, tmp_path):
    """The template is a program for any Unix."""
    run(shutil.which("gcc") or "clang", "-Wall", "-Wextra", "-Werror", chapter.path / "user/template/hello.c", "-o",
        tmp_path / "hello")
    assert "1: x\n" in subprocess.run([tmp_path / "hello", "x"], capture_output=True, text=True).stdout
