"""The chapter's cache and journal on the host, under the address and the undefined behaviour sanitizer.

The cases are the CASEs of journal_power.c and journal_logs.c: power cuts at any point with any of the unflushed writes
lost, errors of the device, logs written by hand. Logs written by debugfs are replayed here and by e2fsck, to the same
bytes:

    python3 -m pytest tests/fs/test_journal.py -k power_cut --seed 7
"""
import pathlib
import random
import re
import shutil
import struct

import pytest
from fs.ext2_tool import amount, build, mke2fs, run, script

HERE = pathlib.Path(__file__).resolve().parent
FILES = ("journal_power.c", "journal_logs.c")
CASES = re.findall(r'^CASE\((\w+),', "".join((HERE / name).read_text() for name in FILES), re.MULTILINE)
STATES = {"power_cut": 5000, "power_cut_exhaustive": 20000, "power_cut_long": 1000, "errors": 1000}
MAGIC = 0xc03b3998
DESCRIPTOR, COMMIT, REVOKE = 1, 2, 5
LAST_TAG, SAME_UUID = 8, 2

pytestmark = [pytest.mark.chapters("07"), pytest.mark.ends]


@pytest.fixture
def program(builder, chapter) -> pathlib.Path:
    """journal_cases under the sanitizers."""
    return build(builder, chapter, "san", "journal_cases.c", beside=("volatile_disk.c", "journal_model.c", *FILES))


@pytest.mark.parametrize("case", CASES)
def test_case(program, pytestconfig, case: str) -> None:
    """What the CASE of this name claims."""
    output = run(program, case, str(pytestconfig.getoption("--seed")), timeout=300).stdout
    print(output)
    if case in STATES:
        assert int(re.search(r"^states (\d+)", output)[1]) >= STATES[case]


# Journals that debugfs writes

class Image:
    """An ext3 image with a journal, whose log is made by debugfs and can be changed here."""

    def __init__(self, path: pathlib.Path, block_size: int, *options: str):
        self.path, self.block_size = path, block_size
        mke2fs(path, f"{16 * block_size // 1024}M", "-b", str(block_size), "-J", f"size={block_size // 1024}", *options,
               kind="ext3")
        listing = re.sub(r"\([DT]?IND\):\d+(?:-\d+)?,? ?", "", self.debugfs("stat <8>"))
        self.blocks = [block for first, last in re.findall(r"\(\d+(?:-\d+)?\):(\d+)(?:-(\d+))?", listing)
                       for block in range(int(first), int(last or first) + 1)]
        assert len(self.blocks) == 1024

    def debugfs(self, *commands: str) -> str:
        script = self.path.with_suffix(".debugfs")
        script.write_text("".join(command + "\n" for command in commands))
        return run("debugfs", "-w", "-f", script, self.path).stdout

    def copy(self, path: pathlib.Path) -> pathlib.Path:
        return pathlib.Path(shutil.copyfile(self.path, path))

    def read(self, index: int) -> bytes:
        with open(self.path, "rb") as file:
            file.seek(self.blocks[index] * self.block_size)
            return file.read(self.block_size)

    def write(self, index: int, data: bytes) -> None:
        with open(self.path, "r+b") as file:
            file.seek(self.blocks[index] * self.block_size)
            file.write(data)

    def patch(self, index: int, offset: int, *words: int) -> None:
        data = bytearray(self.read(index))
        struct.pack_into(f">{len(words)}I", data, offset, *words)
        self.write(index, bytes(data))

    def headers(self, *types: int) -> list[int]:
        """The log's blocks that start with the magic and one of these types."""
        return [index for index in range(1, 1024)
                if struct.unpack_from(">2I", self.read(index)) in {(MAGIC, kind) for kind in types}]

    def rotate(self, distance: int, sequence: int) -> None:
        """Moves the log on its circle, and gives its first transaction another number."""
        log = [bytearray(self.read(index)) for index in range(1, 1024)]
        for block in log:
            if struct.unpack_from(">I", block)[0] == MAGIC:
                number = struct.unpack_from(">I", block, 8)[0]
                struct.pack_into(">I", block, 8, (number - 1 + sequence) % 2 ** 32)
        for index, block in enumerate(log):
            self.write(1 + (index + distance) % 1023, bytes(block))
        self.patch(0, 24, sequence, 1 + distance)

    def contents(self, path: pathlib.Path) -> bytes:
        """What is in the file system, but for the journal and the superblock's counters and times."""
        data = bytearray(path.read_bytes())
        for block in self.blocks[1:]:
            data[block * self.block_size:(block + 1) * self.block_size] = bytes(self.block_size)
        for offset, size in ((0x2c, 16), (0x3a, 2), (0x40, 4), (0x60, 4), (0x16c, 8)):
            data[1024 + offset:1024 + offset + size] = bytes(size)
        return bytes(data)


def write_log(image: Image, choose: random.Random, folder: pathlib.Path, transactions: int) -> None:
    """Have debugfs write transactions over free blocks: with revoke records, and blocks that must be escaped."""
    free = range(image.block_size + 3000, image.block_size + 3040) if image.block_size == 1024 else range(3000, 3040)
    commands = []
    for number in range(transactions):
        blocks = choose.sample(free, choose.randint(1, 12))
        data = b"".join((struct.pack(">I", MAGIC) if choose.random() < 0.3 else b"") + choose.randbytes(image.block_size)
                        for _ in blocks)
        source = folder / f"transaction-{number}"
        source.write_bytes(b"".join(data[k * image.block_size:(k + 1) * image.block_size] for k in range(len(blocks))))
        revoked = choose.sample(free, choose.randint(0, 5))
        # Opened each time: debugfs 1.47.0 writes the next transaction over the commit block of one that revokes.
        commands.append("journal_open")
        commands.append(" ".join(["journal_write", "-b", ",".join(map(str, blocks)),
                                  *(["-r", ",".join(map(str, revoked))] if revoked else []), str(source)]))
        commands.append("journal_close")
    image.debugfs(*commands)
    assert len(image.headers(COMMIT)) == transactions


def replay_here(program: pathlib.Path, image: Image, path: pathlib.Path) -> int:
    return int(run(program, "image", path, str(image.block_size), stdin=" ".join(map(str, image.blocks))).stdout)


def replay_there(path: pathlib.Path) -> None:
    assert run("e2fsck", "-y", "-E", "journal_only", path, status=None).returncode in (0, 1)


def assert_same(program: pathlib.Path, image: Image, expected: int | None = None) -> None:
    """Both replays leave the same bytes."""
    ours, theirs = image.copy(image.path.with_suffix(".ours")), image.copy(image.path.with_suffix(".theirs"))
    result = replay_here(program, image, ours)
    assert result >= 0 and expected in (None, result)
    replay_there(theirs)
    ours, theirs = image.contents(ours), image.contents(theirs)
    differing = [block for block in range(len(ours) // image.block_size)
                 if ours[block * image.block_size:(block + 1) * image.block_size] !=
                 theirs[block * image.block_size:(block + 1) * image.block_size]]
    assert not differing


@pytest.mark.parametrize("block_size", [1024, 2048, 4096])
def test_debugfs_log(program, chapter, pytestconfig, tmp_path, block_size: int) -> None:
    """A log that debugfs wrote is replayed to the same bytes as by e2fsck, wherever it lies on its circle."""
    choose = random.Random(pytestconfig.getoption("--seed"))
    for round_number in range(amount(chapter, 4096 // block_size + 1)):
        image = Image(tmp_path / f"{round_number}.img", block_size)
        transactions = choose.randint(1, 20)
        write_log(image, choose, tmp_path, transactions)
        assert_same(program, image, transactions)
        image.rotate(choose.randrange(1023), choose.choice([2 ** 32 - 3, 2 ** 31 - 4, 100]))
        assert_same(program, image, transactions)


def test_damaged_log(program, chapter, pytestconfig, tmp_path) -> None:
    """Commit blocks that are missing or torn, descriptors that are not, wrong numbers: as e2fsck takes them."""
    choose = random.Random(pytestconfig.getoption("--seed"))
    image = Image(tmp_path / "a.img", 1024)
    write_log(image, choose, tmp_path, 12)
    whole = image.path.read_bytes()
    for _ in range(amount(chapter, 40)):
        image.path.write_bytes(whole)
        index = choose.choice(image.headers(DESCRIPTOR, COMMIT, REVOKE))
        kind = struct.unpack_from(">I", image.read(index), 4)[0]
        damage = choose.randrange(5)
        if damage == 0:
            image.write(index, bytes(1024))
        elif damage == 1:
            image.patch(index, 0, MAGIC ^ 1 << choose.randrange(32))
        elif damage == 2:
            image.patch(index, 4, choose.choice([0, 3, 4, 6, COMMIT, DESCRIPTOR]))
        elif damage == 3:
            image.patch(index, 8, choose.randrange(20))
        elif kind == DESCRIPTOR:    # fewer tags than blocks
            image.patch(index, 16, LAST_TAG)
        assert_same(program, image)


def test_wrong_block(program, pytestconfig, tmp_path) -> None:
    """A log that names a block that the device does not have, or revoke records that can't be, changes nothing."""
    choose = random.Random(pytestconfig.getoption("--seed"))
    image = Image(tmp_path / "a.img", 1024)
    write_log(image, choose, tmp_path, 12)
    whole = image.path.read_bytes()
    for kind, offset in ((DESCRIPTOR, 12), (REVOKE, 12)):
        image.path.write_bytes(whole)
        image.patch(choose.choice(image.headers(kind)), offset, 0x7fffffff)
        before = image.path.read_bytes()
        assert replay_here(program, image, image.path) == -117
        assert image.path.read_bytes() == before


def test_checksums(program, tmp_path) -> None:
    """A journal whose blocks have checksums is refused with a message that names them, and is left as it is; one where
    only commit blocks may have them is replayed."""
    (tmp_path / "data").write_bytes(bytes(1024))
    commands = ("journal_open -c -v 3", f"journal_write -b 4000 {tmp_path / 'data'}", "journal_close")
    image = Image(tmp_path / "commit.img", 1024)
    image.debugfs(*commands)
    assert_same(program, image, 1)
    image = Image(tmp_path / "all.img", 1024, "-O", "metadata_csum")
    image.debugfs(*commands)
    before = image.path.read_bytes()
    done = run(program, "image", image.path, "1024", stdin=" ".join(map(str, image.blocks)))
    assert int(done.stdout) == -95 and "csum_v3" in done.stderr
    assert image.path.read_bytes() == before


def test_log_taken(builder, chapter, tmp_path) -> None:
    """On a disk that says that blocks of the log are free they are taken for files: what then would write over them is
    an error, and no more than that."""
    tool = build(builder, chapter, "san")
    for first in (0, 1, 3, 20):
        image = Image(tmp_path / "a.img", 1024)
        image.debugfs(*[f"freeb {block}" for block in image.blocks[first:first + 60]])
        done = script(tool, image.path, [*[f"mkdir /d{number}" for number in range(60)], "sync", "put =x /file", "sync"],
                      status=None)
        assert done.status in (0, 1), done.console[-9000:]


def test_journal_moves_itself(builder, chapter, tmp_path) -> None:
    """A log that puts another journal, which is not empty, into the place of its own is refused."""
    image = Image(tmp_path / "a.img", 1024)
    other = image.blocks[0] + 5000      # free
    sample = bytearray(image.read(0))
    struct.pack_into(">II", sample, 24, 9, 3)       # its sequence number, its log's start
    with open(image.path, "r+b") as file:
        file.seek(other * 1024)
        file.write(sample)
    match = re.search(r"located at block (\d+), offset (0x[0-9a-f]+)", image.debugfs("imap <8>"))
    table, offset = int(match[1]), int(match[2], 16)
    with open(image.path, "rb") as file:
        file.seek(table * 1024)
        inodes = bytearray(file.read(1024))
    struct.pack_into("<I", inodes, offset + 40, other)
    source = tmp_path / "inodes"
    source.write_bytes(inodes)
    image.debugfs("journal_open", f"journal_write -b {table} {source}", "journal_close")
    done = run(build(builder, chapter, "san"), image.path, "ls", status=None)
    assert done.returncode == 1 and "the journal" in done.stdout + done.stderr
