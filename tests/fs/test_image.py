"""The disk image: its root file system is made from rootfs/, the same everywhere, and lives until its files change."""
import os
import pathlib
import shutil
import struct
import subprocess

import pytest
from fs.ext2_tool import check, run
from ladder.test_build import Copy

pytestmark = pytest.mark.chapters("07")

MIB = 1 << 20
AFRESH = "starts afresh"


@pytest.fixture
def alone(tmp_path, root, builder, chapter) -> Copy:
    """A private copy of the chapter, built."""
    return Copy(tmp_path / "copy", root, chapter, builder)


@pytest.fixture
def folder(alone) -> pathlib.Path:
    return alone.path


def mark(folder: pathlib.Path, text: bytes | None = None) -> bytes:
    """Something that the guest wrote, near the end of its disk: writes or reads it."""
    with open(folder / "build/os.img", "r+b") as image:
        image.seek(60 * MIB)
        if text:
            image.write(text)
        image.seek(60 * MIB)
        return image.read(5)


def root_of(image: pathlib.Path, target: pathlib.Path) -> pathlib.Path:
    """Partition 1 as a file of its own."""
    data = image.read_bytes()
    kind, first, count = struct.unpack_from("<4xB3xII", data, 446)
    assert (kind, first * 512, (first + count) * 512) == (0x83, MIB, len(data))
    target.write_bytes(data[MIB:])
    return target


def listed(image: pathlib.Path, folder: str) -> list[list[str]]:
    """debugfs' list of a directory: inode, mode, owner, group, size, time, name."""
    text = run("debugfs", "-R", f"ls -l {folder}", image).stdout
    return [line.replace("(", " ").replace(")", " ").split() for line in text.splitlines() if line.strip()]


def test_root_is_rootfs(built, tmp_path, chapter):
    """The partition holds what rootfs/ holds, owned by root, with the same rights whatever the builder's umask is; it
    has a journal, blocks of 4 KiB, and e2fsck is content."""
    image = root_of(built.image, tmp_path / "root")
    check(image)
    known = dict(line.split(":", 1) for line in run("dumpe2fs", "-h", image).stdout.splitlines() if ":" in line)
    assert "has_journal" in known["Filesystem features"].split() and known["Block size"].strip() == "4096"
    target = tmp_path / "rdump"
    target.mkdir()
    run("debugfs", "-R", f"rdump / {target}", image)
    (target / "lost+found").rmdir()
    if chapter.number >= 10:
        shutil.rmtree(target / "bin")  # the programs: see user/test_build.py
    assert subprocess.run(["diff", "-r", "-x", ".gitkeep", chapter.path / "rootfs", target]).returncode == 0
    entries = [entry for directory in ("/", "/etc") for entry in listed(image, directory)]
    assert {(entry[3], entry[4]) for entry in entries} == {("0", "0")}
    modes = {entry[-1]: entry[1] for entry in entries}
    assert (modes["etc"], modes["motd"]) == ("40755", "100644")
    for path in ("/", "/etc", "/etc/motd", "/lost+found"):
        times = [line for line in run("debugfs", "-R", f"stat {path}", image).stdout.splitlines() if "time: " in line]
        assert len(times) == 4 and all("0x6955b900:00000000" in line for line in times), times


def test_same_root(alone, folder, tmp_path):
    """Another folder, umask and order of making give the same image, byte for byte."""
    for name in ("zebra", "ape", "bear"):
        (folder / "rootfs" / name).mkdir()
        for number in range(20):
            (folder / "rootfs" / name / str(number)).write_text(name * number)
    other = tmp_path / "other" / "deeper" / folder.name
    shutil.copytree(folder, other, ignore=shutil.ignore_patterns("rootfs", "rootfs.*", "os.img"))
    shutil.copy2(folder.parent / "common.mk", other.parent)
    mask = os.umask(0o077)
    try:
        for path in sorted((folder / "rootfs").rglob("*"), reverse=True):
            target = other / "rootfs" / path.relative_to(folder / "rootfs")
            target.parent.mkdir(parents=True, exist_ok=True)
            if path.is_file():
                target.write_bytes(path.read_bytes())
                target.chmod(0o700 if os.access(path, os.X_OK) else 0o600)
        alone.path = other
        alone.make("-j2")
    finally:
        os.umask(mask)
    alone.path = folder
    alone.make()
    assert (folder / "build/os.img").read_bytes() == (other / "build/os.img").read_bytes()


def test_kernel_change_keeps_the_root(alone, folder):
    """A change to the kernel rewrites the boot area and leaves alone what the guest wrote."""
    mark(folder, b"guest")
    before = (folder / "build/os.img").read_bytes()
    (folder / "kernel/options.c").write_text((folder / "kernel/options.c").read_text() + "int more_data = 1234567;\n")
    log = alone.make("-j2")
    assert AFRESH not in log and "IMAGE" in log
    after = (folder / "build/os.img").read_bytes()
    assert after[MIB:] == before[MIB:] and after[:MIB] != before[:MIB]
    assert alone.make() == ""
    assert not (folder / "build/os.img.old").exists()


def add(rootfs: pathlib.Path) -> None:
    (rootfs / "new").write_text("")


def add_folder(rootfs: pathlib.Path) -> None:
    (rootfs / "folder").mkdir()


def add_link(rootfs: pathlib.Path) -> None:
    (rootfs / "link").symlink_to("etc/motd")


def remove(rootfs: pathlib.Path) -> None:
    (rootfs / "etc/motto").unlink()


def change(rootfs: pathlib.Path) -> None:
    text = (rootfs / "etc/motd").read_bytes()
    (rootfs / "etc/motd").write_bytes(text.swapcase())


def change_rights(rootfs: pathlib.Path) -> None:
    (rootfs / "etc/motd").chmod(0o755)


def rename(rootfs: pathlib.Path) -> None:
    (rootfs / "etc/motd").rename(rootfs / "etc/motto")


def test_root_change_starts_afresh(alone, folder):
    """Whatever changes in rootfs/: the disk is made anew, the old one is kept, and make says so. Once."""
    for action in (change, change_rights, rename, remove, add, add_folder, add_link):
        mark(folder, b"guest")
        old = (folder / "build/os.img").read_bytes()
        action(folder / "rootfs")
        log = alone.make()
        assert AFRESH in log and "build/os.img.old" in log, action
        assert (folder / "build/os.img.old").read_bytes() == old and mark(folder) == bytes(5), action
        assert alone.make() == ""


def test_unchanged_root(alone, folder):
    """New times alone change nothing."""
    mark(folder, b"guest")
    for path in (folder / "rootfs").rglob("*"):
        path.touch()
    assert AFRESH not in alone.make() and mark(folder) == b"guest"


def test_size(alone, folder):
    """ROOT_MIB is the partition's size, and another one starts afresh."""
    log = alone.make("ROOT_MIB=24")
    assert AFRESH in log and (folder / "build/os.img").stat().st_size == 25 * MIB
    check(root_of(folder / "build/os.img", folder / "root"))


def test_without_mke2fs(alone, folder):
    """Without e2fsprogs make says what is missing, and the disk stays."""
    mark(folder, b"guest")
    change(folder / "rootfs")
    text = (folder.parent / "common.mk").read_text()
    (folder.parent / "common.mk").write_text(text.replace("$(call need,mke2fs debugfs)", "$(call need,mke2fs-of-the-test)"))
    assert "mke2fs-of-the-test is not installed: run 'make setup'" in alone.make(ok=False)
    assert mark(folder) == b"guest" and not (folder / "build/os.img.old").exists()
    (folder.parent / "common.mk").write_text(text)
    assert AFRESH in alone.make()
