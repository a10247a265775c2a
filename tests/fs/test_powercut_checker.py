"""The checker of the power-cut tests can fail: it finds each kind of damage in made-up logs and trees."""
import pathlib
import random
import struct
import sys

import pytest
from fs import powercut_images, powercut_log, powercut_runs
from fs.powercut_check import Checker, Subject, check_flushed, e2fsck, run
from fs.powercut_log import Disk, State, Window, Write
from fs.powercut_model import Model, Violation, pattern
from fs.powercut_tree import Entry, Image

from tools.machine import writelog

pytestmark = [pytest.mark.chapters("07"), pytest.mark.ends]

FILE, FOLDER = 0o100640, 0o040750
MARK_SECTOR = 30          # behind the file system


def entry(sector: int, data: bytes = b"", flags: int = 0) -> bytes:
    return struct.pack("<QQQQ", sector, len(data) // 512, flags, 0).ljust(512, b"\0") + data


def mark(operation: int) -> bytes:
    return entry(MARK_SECTOR, (b"powercut" + struct.pack("<Q", operation)).ljust(512, b"\0"))


def sectors(*values: int) -> bytes:
    return b"".join(bytes([value]) * 512 for value in values)


HEAD = struct.pack("<QQQI", writelog.MAGIC, 1, 0, 512).ljust(512, b"\0")
FLUSH = entry(0, flags=writelog.FLUSH)


def read(tmp_path, *entries: bytes) -> list[Window]:
    path = tmp_path / "log"
    path.write_bytes(HEAD + b"".join(entries))
    return powercut_log.read(path, 10, 20, 1)


def test_log_is_read_to_its_end(tmp_path):
    """Entries behind the header's count are there, one that was cut off is not; marks are no part of the file system."""
    windows = read(tmp_path, mark(1), entry(12, sectors(1, 2)), FLUSH, mark(2), entry(29, sectors(3)),
                   entry(15, sectors(4, 5))[:-1])
    assert [window.writes for window in windows] == [[Write(1, 2, sectors(1, 2))], [Write(4, 19, sectors(3))]]
    assert [(window.before, window.begun(99)) for window in windows] == [((0,), (1,)), ((1,), (2,))]
    assert windows[1].begun(3) == (1,)          # cut before the mark


@pytest.mark.parametrize("wrong", [entry(9, sectors(1)), entry(29, sectors(1, 2)), entry(MARK_SECTOR, sectors(1)), entry(31, sectors(1)),
                                   entry(12, sectors(1), writelog.FUA)])
def test_log_must_make_sense(tmp_path, wrong):
    """Writes outside the file system, and what we do not understand, are an error."""
    with pytest.raises(writelog.BadLog):
        read(tmp_path, wrong)


def test_tool(tmp_path):
    """tools/powercut lists a log and replays it up to an entry."""
    read(tmp_path, entry(12, sectors(1, 2)), FLUSH, entry(13, sectors(3)), entry(12, sectors(4)), entry(10, sectors(5)))
    image = tmp_path / "image"
    image.write_bytes(bytes(20 * 512))
    tool = pathlib.Path(__file__).parents[2] / "tools" / "powercut"
    assert run(sys.executable, tool, "list", tmp_path / "log") == (
        0, "     0 write 12 2\n     1 flush\n     2 write 13 1\n     3 write 12 1\n     4 write 10 1\n")
    assert run(sys.executable, tool, "apply", tmp_path / "log", image, "4", "--without", "2-2") == (0, "")
    assert image.read_bytes()[10 * 512::512][:5] == bytes((0, 0, 4, 2, 0))


def test_states_of_small_windows_are_all_there_are(tmp_path):
    """A window of three writes gives all eight subsets, one of two sectors all four."""
    windows = read(tmp_path, entry(10, sectors(1)), entry(11, sectors(2)), entry(12, sectors(3, 4, 5)), FLUSH,
                   entry(10, sectors(6, 7)), FLUSH)
    states = powercut_log.choose_states(windows, set(), 0, 1)
    disk = Disk(bytes(20 * 512), windows)
    found = {bytes(disk.content(state)[::512])[:5] for state in states if state.window == 0}
    assert found >= {bytes((a, b, *c)) for a in (0, 1) for b in (0, 2) for c in ((0, 0, 0), (3, 4, 5))}
    found = {bytes(disk.content(state)[::512])[:5] for state in states if state.window == 1}
    assert found == {bytes((a, b, 3, 4, 5)) for a in (1, 6) for b in (2, 7)}


def test_states_are_many_and_repeatable(tmp_path):
    """From a large window come as many different states as are asked for, the same ones for the same seed."""
    choose = random.Random(1)
    windows = read(tmp_path, *(entry(10 + choose.randrange(17), sectors(n, n, n)) for n in range(40)), FLUSH)
    states = powercut_log.choose_states(windows, set(), 500, 3)
    assert len({(state.cut, state.parts) for state in states}) == len(states) >= 500
    assert states == powercut_log.choose_states(windows, set(), 500, 3)
    assert states != powercut_log.choose_states(windows, set(), 500, 4)
    for state in states:
        assert all(windows[0].writes[index].entry < state.cut for index, _ in state.parts)
    halves = [powercut_log.choose_states(windows, set(), 500, 3, part, 2) for part in range(2)]
    assert sorted(map(str, halves[0] + halves[1])) == sorted(map(str, states))


def test_unflushed_end(tmp_path):
    """What is written after the last flush is noticed."""
    check_flushed(read(tmp_path, entry(10, sectors(1)), FLUSH, mark(1)))
    with pytest.raises(Violation, match="never flushed"):
        check_flushed(read(tmp_path, FLUSH, entry(10, sectors(1))))


# ---- The model ----

def tree(**files: bytes) -> dict[str, Entry]:
    result = {"": Entry(2, FOLDER, 2, 0, 0, b"")}
    for number, (name, content) in enumerate(files.items(), 12):
        result[f"/{name}"] = Entry(number, FILE, 1, len(content), 0, content)
    return result


OPERATIONS = """\
op 1 create /a
= 0
op 2 write /a 0 3000
= 3000
op 3 fsync /a
= 0
op 4 create /b
= 0
op 5 rename /a /b
= 0
op 6 write /b 1000 1000
= 1000
op 7 write /b 3000 5000
"""


@pytest.fixture
def model() -> Model:
    return Model(tree(), OPERATIONS)


FIRST = pattern(2, 0, 3000)
OVERWRITTEN = FIRST[:1000] + pattern(6, 1000, 1000) + FIRST[2000:]


def test_pattern():
    """Each byte depends on the operation and its offset alone."""
    assert pattern(7, 8, 16) == struct.pack("<QQ", 7 << 32 | 1, 7 << 32 | 2)
    assert pattern(7, 3, 100) == pattern(7, 0, 200)[3:103]


@pytest.mark.parametrize("begun, files, moment", [
    (1, {}, 0), (1, {"a": b""}, 1), (2, {"a": FIRST[:1024]}, 1), (4, {"a": FIRST}, 3), (5, {"a": FIRST, "b": b""}, 4),
    (5, {"b": FIRST}, 5), (6, {"b": OVERWRITTEN}, 5), (6, {"b": FIRST[:512] + OVERWRITTEN[512:1024] + FIRST[1024:]}, 5),
    (7, {"b": OVERWRITTEN + pattern(7, 3000, 5000)}, 7), (7, {"b": OVERWRITTEN + pattern(7, 3000, 1096)}, 6)])
def test_what_may_be(model, begun, files, moment):
    """Everything up to the last fsync, then any moment, with any sectors of later writes."""
    assert model.check(tree(**files), begun) == moment


@pytest.mark.parametrize("begun, files, message", [
    (4, {"a": b""}, "has 0 bytes, not 3000"),                                   # the fsync was lost
    (4, {}, "the names are those after operations 0 to 0"),
    (3, {"a": FIRST, "b": b""}, "the names are those after operations 4 to 4"),   # before it had begun
    (5, {}, "the names were never so|the names are those after operations 0"),  # a rename that lost both names
    (5, {"a": FIRST, "b": FIRST}, "has 3000 bytes, not 0"),                     # ... or kept both
    (4, {"a": FIRST[:1024] + pattern(9, 0, 1024) + FIRST[2048:]}, "/a holds at 1024 what it never did"),
    (4, {"a": FIRST[:1024] + bytes(1024) + FIRST[2048:]}, "/a holds at 1024 what it never did: zeroes"),
    (5, {"b": OVERWRITTEN}, "/b holds at 512"),                                 # not yet written
    (7, {"b": FIRST + pattern(7, 3000, 5000)}, "/b holds at 512"),              # the data is older than the size
    (7, {"b": OVERWRITTEN + bytes(5000)}, "/b holds at 2560"),
    (6, {"b": OVERWRITTEN + b"x"}, "has 3001 bytes, not 3000"),
    (4, {"a": FIRST, "c": b""}, "the names were never so"),
])
def test_what_may_not_be(model, begun, files, message):
    """Lost, mixed, premature and foreign things are noticed."""
    with pytest.raises(Violation, match=message):
        model.check(tree(**files), begun)


def test_folders(model):
    """A model of a folder sees that alone."""
    in_folder = Model(tree() | {"/p": Entry(11, FOLDER, 2, 0, 0, b"")}, OPERATIONS.replace(" /", " /p/"), "/p")
    assert [names.signature for names in in_folder.names] == [names.signature for names in model.names]
    assert in_folder.check({"/x": Entry(9, FILE, 1, 0, 0, b""), "/p": Entry(11, FOLDER, 2, 0, 0, b""),
                            "/p/a": Entry(12, FILE, 1, 3000, 0, FIRST)}, 4) == 3


def test_links_and_rights(model):
    """Link counts and rights are compared too."""
    for changed in ({"links": 2}, {"mode": FILE | 0o777}):
        found = tree(a=FIRST)
        found["/a"] = Entry(**{**found["/a"].__dict__, **changed})
        with pytest.raises(Violation, match="names"):
            model.check(found, 4)


# ---- A whole file system ----

@pytest.fixture
def checker(tmp_path) -> Checker:
    base = powercut_runs.make_base(tmp_path / "base", powercut_images.SHAPES["1k"], 1)
    return Checker(Subject(base, [Window(0)], [Model(Image(base).tree(), "")], None, tmp_path), tmp_path)


def test_clean_image(checker):
    """A file system from mke2fs is one that nothing is wrong with."""
    assert checker.check_content(checker.subject.base) == Image(checker.subject.base).tree()


def test_damaged_images(checker):
    """Each damage to the metadata is noticed, also such as e2fsck would repair without a word."""
    image = Image(checker.subject.base)
    table = struct.unpack_from("<I", image.data, 2 * 1024 + 8)[0] * 1024
    bitmap = struct.unpack_from("<I", image.data, 2 * 1024)[0] * 1024
    for name, offset, value in [("link count of the root", table + 256 + 26, 9), ("free blocks", bitmap + 255, 255),
                                ("root's mode", table + 256 + 1, 0)]:
        content = bytearray(image.data)
        content[offset] = value
        checker.image.write_bytes(content)
        status, output, complaints = e2fsck(checker.image, "-fn")
        assert status and complaints, f"{name}: {output}"
    with pytest.raises(Violation, match="ends with 4"):
        checker.check_content(content)


def test_saved_states(checker, tmp_path):
    """A failing state is kept with its name."""
    checker.save(State(0, 0, (), "none"), tmp_path / "kept", "why")
    assert (tmp_path / "kept/state.img").read_bytes() == checker.subject.base
    assert "why" in (tmp_path / "kept/state.txt").read_text()


def test_images_repeat(tmp_path):
    """The same seed makes the same files."""
    for name in ("one", "two"):
        powercut_images.make_tree(tmp_path / name, 5)
    one, two = ({path.relative_to(tmp_path / name): path.read_bytes() for path in (tmp_path / name).rglob("*")
                 if path.is_file()} for name in ("one", "two"))
    assert one == two
