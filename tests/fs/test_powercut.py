"""A power cut at any moment loses nothing that was synced, and leaves a file system that is whole.

A busy workload (powercut_load.h) runs once, on a small file system, with every write and flush logged: in the guest by
QEMU's blklogwrites, and on the host by tools/ext2 around the same kernel/fs/*.c. From the log all states are rebuilt that
a power cut could have left (powercut_log.py); of each e2fsck, our own mount and a model (powercut_model.py) say what is in
it (powercut_check.py). By hand, for more states, or to see one again:

    RUNG_POWERCUT_STATES=20000 python3 -m pytest tests/fs/test_powercut.py --seed 7
    tools/powercut --help
"""
import os
import pathlib
import random
import shutil
import tempfile

import pytest
from fs import powercut_log, powercut_runs, powercut_tree
from fs.powercut_check import Checker, Subject, check_flushed, differences, must_be_clean, read_tree, run
from fs.powercut_images import SHAPES
from fs.powercut_log import State, Window
from fs.powercut_model import Violation
from support.session import once

pytestmark = [pytest.mark.chapters("07"), pytest.mark.ends]

STATES = int(os.environ.get("RUNG_POWERCUT_STATES", "1000"))    # of the newest chapter's guest; as many on the host
GUEST_SHAPES = ("1k", "2k", "4k")
PARTS = 2                                                       # of a run's states: tests that run side by side
NESTED_EVERY, NESTED = 20, 6                                    # every so many states: cuts during our replay
GUEST_MOUNTS = 6 if STATES < 5000 else 40                       # states that the guest mounts
GUEST_CUTS = 10                                                 # cuts during each of these mounts
WINDOW_SECTORS = 20                                             # there must be windows of so many, or it proves little
WINDOWS_WANTED = 20
ARTIFACTS = pathlib.Path(os.environ.get("RUNG_ARTIFACTS") or pathlib.Path(__file__).parents[2] / "build/test-artifacts")


@pytest.fixture
def memory_folder():
    """A folder that is in memory, where the system has such a place."""
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="rung-", dir=place) as folder:
        yield pathlib.Path(folder)


@pytest.fixture
def seed(pytestconfig) -> int:
    return pytestconfig.getoption("--seed")


@pytest.fixture
def program(builder, chapter) -> pathlib.Path:
    """powercut_host with the chapter's file system."""
    folder = builder.shared / f"powercut-{chapter}"
    status, output = once(builder.shared, folder.name, lambda: powercut_runs.build_host(builder.copy(chapter), folder))
    assert status == 0, output
    return folder / "powercut_host"


@pytest.fixture
def host_run(builder, chapter, program, seed):
    """Runs the load on the host, once: host_run(shape) is what is known of it."""
    def get(shape: str, earlier: bool = False) -> Subject:
        folder = builder.shared / f"powercut-{chapter}-host-{shape}"
        once(builder.shared, folder.name, lambda: powercut_runs.run_host(program, folder, shape, seed))
        return powercut_runs.load(folder / "earlier" if earlier else folder, program)
    return get


@pytest.fixture
def guest_run(builder, chapter, program, seed):
    """The same in the guest."""
    def get(shape: str, processes: bool = False) -> Subject:
        build = builder.build(chapter, TEST=1)
        folder = builder.shared / f"powercut-{chapter}-guest-{shape}-{processes}"
        once(builder.shared, folder.name, lambda: powercut_runs.run_guest(build, folder, shape, seed, processes))
        return powercut_runs.load(folder, program)
    return get


def check_states(subject: Subject, states: list[State], seed: int, folder: pathlib.Path, name: str,
                 nested_every: int = NESTED_EVERY) -> None:
    """Check states of a run; the first that breaks a promise is kept, and the failure."""
    checker = Checker(subject, folder)
    for number, state in enumerate(states):
        try:
            checker.check(state, 0 if (number + 1) % nested_every else NESTED)
        except Violation as error:
            target = ARTIFACTS / f"powercut-{name}"
            shutil.rmtree(target, ignore_errors=True)
            checker.save(state, target, str(error))
            pytest.fail(f"seed {seed}, state {number + 1} of {len(states)}: {state}\n{error}\n(kept in {target})",
                        pytrace=False)


@pytest.fixture
def newest(chapter, all_chapters) -> bool:
    """Whether it is the last chapter: the others get some of its states, since they have the same file system."""
    return chapter == all_chapters[-1]


@pytest.fixture
def share(newest):
    """How many of all states are of a shape: share(shape, shapes)."""
    wanted = STATES if newest else STATES // 8
    return lambda shape, shapes: wanted * (2 if shape == "1k" else 1) // (len(shapes) + 1)


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("shape", SHAPES)
def test_host(chapter, host_run, share, memory_folder, seed, shape, part):
    """Whatever a power cut leaves of the host's run is whole, and holds what was synced."""
    subject = host_run(shape)
    check_states(subject, subject.states(share(shape, SHAPES), seed, part, PARTS), seed, memory_folder,
                 f"{chapter}-host-{shape}-{part}")


@pytest.mark.parametrize("shape", SHAPES)
def test_host_ends(chapter, newest, host_run, memory_folder, seed, shape):
    """The first and the last moments of a clean file system's run: each subset of what a mount and an unmount write."""
    subject = host_run(shape, earlier=True)
    states = subject.states(0, seed)
    check_states(subject, states if newest else states[::4], seed, memory_folder, f"{chapter}-ends-{shape}", 8)


def test_host_large(builder, chapter, newest, program, memory_folder, seed):
    """The end of a large file takes several transactions, and a cut between them leaves the rest to the next mount."""
    folder = builder.shared / f"powercut-{chapter}-large"
    once(builder.shared, folder.name, lambda: powercut_runs.run_host_large(program, folder))
    subject = powercut_runs.load(folder, program)
    assert subject.models[0].ended
    check_states(subject, subject.states(STATES // (6 if newest else 40), seed), seed, memory_folder, f"{chapter}-large")


def test_host_plain(builder, chapter, program, memory_folder, seed):
    """Without a journal nothing is promised about a power cut, but that what was written is on the disk when a sync has
    returned."""
    folder = builder.shared / f"powercut-{chapter}-plain"
    once(builder.shared, folder.name, lambda: powercut_runs.run_host_plain(program, folder, seed))
    subject = powercut_runs.load(folder, program)
    syncs = 0
    for window in subject.windows:
        for entry, _, operation in window.marks:
            if operation - 1 in subject.models[0].syncs:
                syncs += 1
                unsafe = [write.entry for write in window.writes if write.entry < entry]
                assert not unsafe, f"entries {unsafe} were not flushed by operation {subject.models[0].lines[operation - 1]}"
    assert syncs > 20
    check_end(subject, memory_folder)


def test_host_read_only(host_run, memory_folder, seed):
    """A mount that is read-only, for a feature that we do not know, replays the journal, and leaves nothing unflushed."""
    subject = host_run("1k")
    checker = Checker(subject, memory_folder)
    image, log = memory_folder / "read-only.img", memory_folder / "read-only.log"
    for state in [state for state in subject.states(100, seed) if state.kind.startswith("random")][:10]:
        content = checker.disk.content(state)
        tree = checker.check_content(content)
        content[powercut_tree.SUPER + powercut_tree.READ_ONLY_FEATURES + 3] |= 0x80
        image.write_bytes(content)
        status, output = run(subject.program, "mount", image, log)
        assert status == 0, output
        windows = powercut_log.read(log, 0, len(content) // powercut_log.SECTOR)
        assert any(window.writes for window in windows)
        check_flushed(windows)
        # No orphan was cleared up: of names and contents that makes no difference.
        assert not differences(tree, read_tree(image)), state


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("shape", GUEST_SHAPES)
def test_guest(chapter, guest_run, share, memory_folder, seed, shape, part):
    """The same in the guest, from the mount at boot to the power-off."""
    subject = guest_run(shape)
    check_states(subject, subject.states(share(shape, GUEST_SHAPES), seed + 1, part, PARTS), seed + 1, memory_folder,
                 f"{chapter}-guest-{shape}-{part}")


@pytest.mark.chapters("08")
@pytest.mark.parametrize("part", range(PARTS))
def test_processes(chapter, guest_run, share, memory_folder, seed, part):
    """The same when several processes are busy at once, each in its folder."""
    subject = guest_run("1k", processes=True)
    if part == 0:
        check_run(subject, memory_folder)
        together = [window for window in subject.windows if len({worker for _, worker, _ in window.marks}) > 1]
        assert len(together) >= WINDOWS_WANTED, f"{len(together)} windows with the work of several processes"
    check_states(subject, subject.states(share("1k", GUEST_SHAPES) // 2, seed, part, PARTS), seed, memory_folder,
                 f"{chapter}-processes-{part}")


def end_of(base: bytes, windows: list[Window]) -> bytes:
    """The disk when all that was flushed has happened."""
    return powercut_log.Disk(base, windows).content(State(len(windows) - 1, 0, (), "end"))


def check_run(subject: Subject, memory_folder: pathlib.Path) -> None:
    """A run is what it has to be: busy, ended well, and all of it on the disk at the end."""
    assert all(model.ended for model in subject.models), "the load has not ended"
    large = [window for window in subject.windows if window.sectors >= WINDOW_SECTORS]
    assert len(large) >= WINDOWS_WANTED, f"{len(large)} windows of {WINDOW_SECTORS} unflushed sectors"
    done = {line.split()[1] for model in subject.models for line in model.lines[1:] if not line.rpartition(" = ")[2].startswith("-")}
    assert done >= {"create", "write", "truncate", "link", "symlink", "unlink", "mkdir", "rmdir", "rename", "fsync",
                    "sync", "open", "swrite", "close"}, f"only {sorted(done)}"
    assert journal_turns(subject) > 1, "the journal was never full"
    check_end(subject, memory_folder)


def check_end(subject: Subject, memory_folder: pathlib.Path) -> None:
    """At the end all is flushed. Without a cut the last operation is what is there, and no replay is due."""
    check_flushed(subject.windows)
    image = memory_folder / "end.img"
    image.write_bytes(end_of(subject.base, subject.windows))
    must_be_clean(image, "power-off")
    for model in subject.models:
        model.check(read_tree(image), model.last, durable=model.last)


def journal_turns(subject: Subject) -> float:
    """How often the journal's space was written."""
    blocks = powercut_runs.journal_sectors(subject.base)
    return sum(write.count for window in subject.windows for write in window.writes
               if write.sector in blocks) / len(blocks)


@pytest.mark.parametrize("shape", SHAPES)
def test_host_run(host_run, memory_folder, shape):
    """The host's run is busy enough, and an unmount leaves nothing unflushed."""
    check_run(host_run(shape), memory_folder)


@pytest.mark.parametrize("shape", GUEST_SHAPES)
def test_guest_run(guest_run, memory_folder, shape):
    """The guest's run is busy enough, and a power-off leaves nothing unflushed."""
    check_run(guest_run(shape), memory_folder)


def boot_and_check(build, memory_folder: pathlib.Path, content: bytes) -> list[Window]:
    """Has the guest mount a file system, and go off. The end of that is in end.img; returns what it has written."""
    folder = memory_folder / "boot"
    powercut_runs.boot_guest(build, folder, content, "tests=powercut_mount off")
    windows = powercut_runs.read_guest_log(folder, len(content))
    check_flushed(windows)
    image = memory_folder / "end.img"
    image.write_bytes(end_of(content, windows))
    must_be_clean(image, "a boot and a power-off")
    shutil.rmtree(folder)
    return windows


def test_guest_mounts(builder, chapter, newest, host_run, memory_folder, seed):
    """The guest mounts what a power cut has left, replays it as e2fsck does, and leaves it clean; and when the power is
    cut again while it does, the next mount does."""
    subject = host_run("1k")
    checker = Checker(subject, memory_folder)
    build = builder.build(chapter, TEST=1)
    states = [state for state in subject.states(STATES, seed + 2) if state.kind.startswith("random")]
    for state in random.Random(seed).sample(states, min(GUEST_MOUNTS if newest else 2, len(states))):
        tree = checker.check(state)
        content = bytes(checker.disk.content(state))
        windows = boot_and_check(build, memory_folder, content)
        found = read_tree(memory_folder / "end.img")
        assert not differences(tree, found), f"e2fsck and the guest do not agree about {state}"
        disk = powercut_log.Disk(content, windows)
        again = powercut_log.choose_states(windows, subject.special, GUEST_CUTS, seed)
        for inner in random.Random(seed).sample(again, min(GUEST_CUTS, len(again))):
            assert not differences(tree, checker.check_content(disk.content(inner))), f"{state}, and then {inner}"


def test_killed(builder, chapter, memory_folder, seed):
    """When the machine is killed in the midst of its work, the next boot finds all that was synced."""
    build = builder.build(chapter, TEST=1)
    choose = random.Random(seed)
    for attempt in range(2):
        content, begun, model = powercut_runs.kill_guest(build, memory_folder / f"killed{attempt}", "1k", seed + attempt,
                                                         choose.randrange(50, 600))
        boot_and_check(build, memory_folder, content)
        model.check(read_tree(memory_folder / "end.img"), begun)
