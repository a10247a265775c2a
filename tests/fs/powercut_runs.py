"""Runs the load, in the guest and on the host, and keeps in a folder what there is to know about it:

    base.img        the file system before; it may be what an earlier power cut has left
    writes.log      what was written to the disk, in the format of powercut_log.py
    operations.txt  what the load has done
    run.json        where the file system lies on the logged disk, how many workers there were, and the seed
"""
import json
import os
import pathlib
import random
import re
import shutil
import struct
import tempfile

from support.build import make

from tools.machine import Qemu

from . import powercut_images, powercut_log
from .powercut_check import Subject, e2fsck, run
from .powercut_images import PLAIN, SHAPES, SPARE_SECTORS, Shape
from .powercut_log import SECTOR
from .powercut_model import Model
from .powercut_tree import JOURNAL, Entry, Image

HERE = pathlib.Path(os.path.abspath(__file__)).parent
TOP = HERE.parents[1]
EARLIER_OPERATIONS, HOST_OPERATIONS, HOST_CACHE_BLOCKS = 600, 2500, 300
GUEST_OPERATIONS, GUEST_MEMORY = 2200, "16M"
GUEST_TIMEOUT = 90
PARTITION_START = 2048                  # the boot area is 1 MiB
PARTITION_ENTRY = 446


def build_host(chapter: pathlib.Path, folder: pathlib.Path) -> list:
    """Build powercut_host in a folder. Returns status and messages."""
    done = make(TOP / "tools" / "ext2", f"CHAPTER={chapter}", f"OUT={folder}", f"MAIN={HERE / 'powercut_host.c'}",
                f"EXTRA=-I{TOP} -Werror", f"LLVM={os.environ.get('LLVM', '')}", "-j2")
    return [done.returncode, done.stdout]


def load(folder: pathlib.Path, program: pathlib.Path | None) -> Subject:
    """What is known about a run."""
    facts = json.loads((folder / "run.json").read_text())
    base = (folder / "base.img").read_bytes()
    windows = powercut_log.read(folder / "writes.log", facts["start"], len(base) // SECTOR, facts["workers"])
    before = tree_after_replay(base, folder) if Image(base).needs_recovery else Image(base).tree()
    text = (folder / "operations.txt").read_text()
    models = [Model(before, text)] if facts["workers"] == 1 else [
        Model(before, "\n".join(re.findall(rf"^# {n}: (.*)", text, re.MULTILINE)), f"/p{n}")
        for n in range(facts["workers"])]
    return Subject(base, windows, models, program, folder)


def tree_after_replay(content: bytes, folder: pathlib.Path) -> dict[str, Entry]:
    """What e2fsck makes of a file system that was cut off."""
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        file.write(content)
        file.flush()
        e2fsck(pathlib.Path(file.name), "-fp")
        return Image(pathlib.Path(file.name).read_bytes()).tree()


def _keep(folder: pathlib.Path, base: bytes, text: str, start: int, seed: int, workers: int = 1) -> None:
    (folder / "base.img").write_bytes(base)
    (folder / "operations.txt").write_text(text)
    (folder / "run.json").write_text(json.dumps({"start": start, "workers": workers, "seed": seed}))


def make_base(folder: pathlib.Path, shape: Shape, seed: int) -> bytes:
    folder.mkdir()
    image = folder / "made.img"
    powercut_images.make(image, shape, folder / "tree", seed)
    base = image.read_bytes()
    image.unlink()
    shutil.rmtree(folder / "tree")
    return base


def _host_load(program: pathlib.Path, folder: pathlib.Path, base: bytes, seed: int, operations: int) -> None:
    disk = folder / "disk.img"
    disk.write_bytes(base + bytes(SPARE_SECTORS * SECTOR))
    status, output = run(program, "load", disk, folder / "writes.log", str(seed), str(operations),
                         str(HOST_CACHE_BLOCKS), str(len(base) // SECTOR))
    disk.unlink()
    _keep(folder, base, output, 0, seed)
    if status:
        raise RuntimeError(f"the load ended with {status}:\n{output[-3000:]}")


def run_host(program: pathlib.Path, folder: pathlib.Path, shape: str, seed: int) -> None:
    """The load on the host, on a file system that a power cut during another load has left: its journal is full of
    old transactions. That other load, on a new file system, is in folder/earlier."""
    folder.mkdir()
    earlier = folder / "earlier"
    base = make_base(earlier, SHAPES[shape], seed)
    _host_load(program, earlier, base, seed + 1000, EARLIER_OPERATIONS)
    windows = powercut_log.read(earlier / "writes.log", 0, len(base) // SECTOR, 1)
    number = len(windows) * 2 // 3
    state = powercut_log.arbitrary(number, windows[number], random.Random(seed))
    _host_load(program, folder, bytes(powercut_log.Disk(base, windows).content(state)), seed, HOST_OPERATIONS)


def run_host_large(program: pathlib.Path, folder: pathlib.Path) -> None:
    """The load with a file that takes several transactions to end."""
    _host_load(program, folder, make_base(folder, SHAPES["1k"], 1), 1, 0)


def run_host_plain(program: pathlib.Path, folder: pathlib.Path, seed: int) -> None:
    """The load without a journal."""
    _host_load(program, folder, make_base(folder, PLAIN, seed), seed, EARLIER_OPERATIONS)


# ---- In the guest ----

def _make_disk(build, base: bytes, disk: pathlib.Path) -> None:
    """A disk with the build's boot area, the file system as its first partition, and some sectors behind."""
    boot_area = bytearray(build.image.read_bytes()[:PARTITION_START * SECTOR])
    struct.pack_into("<B3xB3xII", boot_area, PARTITION_ENTRY, 0x80, 0x83, PARTITION_START, len(base) // SECTOR)
    disk.write_bytes(boot_area + base + bytes(SPARE_SECTORS * SECTOR))


def _drive(log: pathlib.Path) -> list[str]:
    return ["-blockdev", "driver=file,node-name=f0,filename={image},cache.no-flush=on",
            "-blockdev", f"driver=file,node-name=l0,filename={log},cache.no-flush=on",
            "-blockdev", "driver=blklogwrites,node-name=w0,file=f0,log=l0,log-sector-size=512",
            "-blockdev", "driver=raw,node-name=d0,file=w0",
            "-device", "ide-hd,bus=ide.0,unit=0,drive=d0,write-cache=on,bootindex=0"]


def _start(build, folder: pathlib.Path, base: bytes, cmdline: str) -> Qemu:
    disk, log = folder / "disk.img", folder / "writes.log"
    _make_disk(build, base, disk)
    log.touch()
    machine = Qemu(disk, drive=_drive(log), memory=GUEST_MEMORY, cmdline=cmdline, symbols=build.kernel,
                   fault_log=False)
    disk.unlink()
    return machine


def boot_guest(build, folder: pathlib.Path, base: bytes, cmdline: str) -> str:
    """Boot a file system in the guest until it goes off; its writes are in folder/writes.log. Returns what COM2 said."""
    folder.mkdir(exist_ok=True)
    with _start(build, folder, base, cmdline) as machine:
        end = machine.wait_exit(GUEST_TIMEOUT)
        if end.kind != "shutdown":
            raise RuntimeError(f"the machine ended with {end}\n{machine.describe()}\n{machine.com2.tail()}")
        return machine.com2.text()


def read_guest_log(folder: pathlib.Path, size: int) -> list[powercut_log.Window]:
    return powercut_log.read(folder / "writes.log", PARTITION_START, size // SECTOR)


def run_guest(build, folder: pathlib.Path, shape: str, seed: int, processes: bool = False) -> None:
    """The load in the guest, from boot to power-off; with `processes` by four workers, each in its folder."""
    base = make_base(folder, SHAPES[shape], seed)
    test, workers = ("powercut_processes", 4) if processes else ("powercut_load", 1)
    operations = GUEST_OPERATIONS // workers
    text = boot_guest(build, folder, base, f"tests={test} powercut={seed} operations={operations}")
    _keep(folder, base, text, PARTITION_START, seed, workers)


def kill_guest(build, folder: pathlib.Path, shape: str, seed: int, operation: int) -> tuple[bytes, int, Model]:
    """The load in the guest, killed when it has reached an operation. Returns the file system as it is then, the last
    operation that had begun, and the model."""
    base = make_base(folder, SHAPES[shape], seed)
    with _start(build, folder, base, f"tests=powercut_load powercut={seed} operations=100000") as machine:
        machine.com2.expect(rf"op {operation} ", GUEST_TIMEOUT)
        machine.kill()
        text = machine.com2.text()
        disk = machine.image.read_bytes()[PARTITION_START * SECTOR:]
    begun = struct.unpack_from("<Q", disk, len(base) + len(powercut_log.LOAD_MARK))[0]
    return disk[:len(base)], begun, Model(Image(base).tree(), text[:text.rfind("\n") + 1])


def journal_sectors(base: bytes) -> set[int]:
    """The sectors of the journal's blocks but the first."""
    image = Image(base)
    per_block = image.block_size // SECTOR
    return {block * per_block + n for block in image.map(image.inode(JOURNAL))[1:] for n in range(per_block)}
