"""Checks one state of the disk: what e2fsck makes of it, what our own mount makes of it, and what the model says."""
import dataclasses
import mmap
import os
import pathlib
import random
import re
import shutil
import subprocess
import threading

from . import powercut_log
from .powercut_log import Disk, State, Window
from .powercut_model import Model, Violation
from .powercut_tree import BadTree, Entry, Image

# All that e2fsck may say while it replays a journal and clears up orphans; anything else is a complaint.
SILENT = re.compile(r"^(?:[^:]+: (?:recovering journal|"
                    r"(?:Clearing|Truncating) orphaned inode \d+ \(.*\)|"
                    r"\d+/\d+ files \(.*\), \d+/\d+ blocks|clean, .*)|"
                    r"e2fsck 1\..*|Pass [1-5]: .*|)$")
CORRECTED = 1                           # e2fsck's status: it has repaired something, which a replay is
TIMEOUT = 60 * float(os.environ.get("RUNG_TIMEOUT_SCALE", "1"))
# e2fsck asks a coarse clock, for which what was written just now may lie in the future: so it is always 2037 for it.
ENVIRONMENT = {**os.environ, "LC_ALL": "C", "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin",
               "E2FSCK_TIME": "2114380800"}


def run(*command: str | os.PathLike) -> tuple[int, str]:
    """Status and output of a program; one that hangs is killed."""
    with subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, errors="replace", env=ENVIRONMENT) as process:
        # subprocess's own time-out asks again and again, which takes longer than these programs do.
        timer = threading.Timer(TIMEOUT, process.kill)
        timer.start()
        output = process.stdout.read()
        timer.cancel()
    return process.returncode, output


def e2fsck(image: pathlib.Path, options: str) -> tuple[int, str, list[str]]:
    """Status, output, and the lines that are complaints."""
    status, output = run("e2fsck", options, image)
    return status, output, [line for line in output.splitlines() if not SILENT.match(line)]


def must_be_clean(image: pathlib.Path, after: str) -> None:
    """Raises Violation unless e2fsck finds nothing at all."""
    status, output, complaints = e2fsck(image, "-fn")
    if status or complaints:
        raise Violation(f"e2fsck -fn after {after} ends with {status}:\n{output}")


def differences(one: dict[str, Entry], other: dict[str, Entry]) -> list[str]:
    """What distinguishes two trees, in words."""
    if one == other:
        return []
    result = [f"{path or '/'}: only in the {'first' if path in one else 'second'}" for path in one.keys() ^ other.keys()]
    for path in one.keys() & other.keys():
        for field in dataclasses.fields(Entry):
            values = [getattr(tree[path], field.name) for tree in (one, other)]
            if values[0] != values[1]:
                result.append(f"{path or '/'}: {field.name} " + " and ".join(
                    f"of {len(value)} bytes" if isinstance(value, bytes) else str(value) for value in values))
    return sorted(result)


@dataclasses.dataclass
class Subject:
    """One run of the load and everything that is known about it."""
    base: bytes = dataclasses.field(repr=False)                 # the file system before it
    windows: list[Window] = dataclasses.field(repr=False)       # what was written
    models: list[Model]                                         # one for each worker
    program: pathlib.Path | None                                # powercut_host, whose mount is ours
    folder: pathlib.Path                                        # all of that as files (see powercut_runs.py)

    @property
    def special(self) -> set[int]:
        return Image(self.base).superblock_sectors()

    def states(self, wanted: int, seed: int, part: int = 0, parts: int = 1) -> list[State]:
        return powercut_log.choose_states(self.windows, self.special, wanted, seed, part, parts)


class Checker:
    """Checks states of one subject; `folder` is a private place for images, best in memory."""

    def __init__(self, subject: Subject, folder: pathlib.Path):
        self.subject, self.folder = subject, folder
        self.disk = Disk(subject.base, subject.windows)
        self.image = folder / "state.img"
        self.image.touch()

    def check(self, state: State, nested: int = 0) -> dict[str, Entry]:
        """Check a state, and `nested` of the states that a cut during our replay of it leaves. Returns its tree; raises
        Violation."""
        content = self.disk.content(state)
        begun = self.subject.windows[state.window].begun(state.cut)
        tree = self.check_content(content)
        for model, operation in zip(self.subject.models, begun, strict=True):
            model.check(tree, operation)
        self._check_ours(content, tree, state, nested)
        return tree

    def _put(self, content: bytes) -> None:
        with open(self.image, "r+b", buffering=0) as file:      # over what is there: that spares new pages
            file.write(content)

    def check_content(self, content: bytes) -> dict[str, Entry]:
        """What e2fsck makes of an image: after its replay nothing is left to say."""
        self._put(content)
        before = Image(content)
        status, output, complaints = e2fsck(self.image, "-fp")
        if status > CORRECTED or complaints:
            raise Violation(f"e2fsck -fp ends with {status}:\n{output}")
        if before.needs_recovery and "recovering journal" not in output:
            raise Violation(f"e2fsck -fp has not replayed the journal:\n{output}")
        must_be_clean(self.image, "-fp")
        return read_tree(self.image)

    def _check_ours(self, content: bytes, tree: dict[str, Entry], state: State, nested: int) -> None:
        """Our own mount, and an unmount, leave the same file system; also after a cut in their midst."""
        self._put(content)
        log = self.folder / "replay.log"
        status, output = run(self.subject.program, "mount", self.image, *([log] if nested else []))
        if status:
            raise Violation(f"our mount ends with {status}:\n{output}")
        must_be_clean(self.image, f"our mount, which said:\n{output}")
        if different := differences(tree, read_tree(self.image)):
            raise Violation("e2fsck and our mount do not agree:\n  " + "\n  ".join(different[:20]))
        if not nested:
            return
        windows = powercut_log.read(log, 0, len(content) // powercut_log.SECTOR)
        check_flushed(windows)
        disk = Disk(content, windows)
        states = powercut_log.choose_states(windows, Image(content).superblock_sectors(), nested, state.cut)
        for inner in random.Random(state.cut).sample(states, min(nested, len(states))):
            try:
                self._check_again(disk.content(inner), tree)
            except Violation as error:
                raise Violation(f"then the power was cut again, during our mount: {inner}\n{error}") from None

    def _check_again(self, content: bytes, tree: dict[str, Entry]) -> None:
        if different := differences(tree, self.check_content(content)):
            raise Violation("the tree is another than after an undisturbed mount:\n  " + "\n  ".join(different[:20]))
        self._put(content)
        status, output = run(self.subject.program, "mount", self.image)
        if status:
            raise Violation(f"our mount ends with {status}:\n{output}")
        must_be_clean(self.image, "our mount")
        if different := differences(tree, read_tree(self.image)):
            raise Violation("e2fsck and our mount do not agree:\n  " + "\n  ".join(different[:20]))

    def save(self, state: State, target: pathlib.Path, text: str) -> None:
        """Keep what explains a failure: the state as an image, its name, what was wrong, and the whole run."""
        target.mkdir(parents=True, exist_ok=True)
        (target / "state.img").write_bytes(self.disk.content(state))
        (target / "state.txt").write_text(f"{state}\n\n{text}\n")
        for name in ("base.img", "writes.log", "operations.txt", "run.json"):
            if (self.subject.folder / name).exists():
                shutil.copyfile(self.subject.folder / name, target / name)


def read_tree(image: pathlib.Path) -> dict[str, Entry]:
    """The tree of an image that e2fsck has nothing to say about."""
    try:
        with open(image, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return Image(data).tree()
    except BadTree as error:
        raise Violation(f"the tree can't be read: {error}") from None


def check_flushed(windows: list[Window]) -> None:
    """After the last flush nothing was written: at power-off all is safe."""
    if writes := windows[-1].writes:
        raise Violation(f"{len(writes)} writes, {sum(write.count for write in writes)} sectors, were never flushed: "
                        f"first at sector {writes[0].sector} (entry {writes[0].entry})")
