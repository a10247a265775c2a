"""Disks that report errors, or that take too long."""
import re

import pytest
from fs.disk_jobs import EIO, SECTOR, patterned, run, written

pytestmark = [pytest.mark.chapters("07"), pytest.mark.ends]

SECTORS = 2048
ISA = {"machine": "isapc", "cpu": "qemu64"}
MACHINES = pytest.mark.parametrize("machine", [{}, ISA], ids=["dma", "pio"])


def bad_disk(path, errors: list[dict]) -> list[str]:
    """QEMU's arguments for a second disk, on the second channel, that reports errors."""
    rules = "".join(f",inject-error.{n}.event=none" + "".join(f",inject-error.{n}.{key}={value}"
                    for key, value in {"errno": 5, **error}.items()) for n, error in enumerate(errors))
    return ["-blockdev", f"driver=file,node-name=bad-file,filename={path}",
            "-blockdev", f"driver=blkdebug,node-name=bad-debug,image=bad-file{rules}",
            "-blockdev", "driver=raw,node-name=bad,file=bad-debug",
            "-device", "ide-hd,bus=ide.1,unit=0,drive=bad,rerror=report,werror=report,write-cache=on"]


@pytest.fixture
def test_build(builder, chapter):
    return builder.build(chapter, TEST=1)


@MACHINES
def test_read_error(test_build, tmp_path, machine) -> None:
    """A sector that cannot be read gives -EIO and one line on the console; all around it can be read."""
    disk = patterned(tmp_path / "bad.img", SECTORS)
    got = run(test_build, "1r0+100,1r100+1,1r90+256,1r101+256,1r100+8,1r0+100",
              args=bad_disk(disk, [{"iotype": "read", "sector": 100, "once": "off"}]), **machine)
    assert got.results == [0, EIO, EIO, 0, EIO, 0]
    assert [job.data for job in got.jobs if job.result == 0] == [1, 1, 1]
    assert len(re.findall(r"^ata1: failed, .*sector 100, count 1: status 41h, error 04h$", got.console,
                          re.MULTILINE)) == 1
    assert len(re.findall("^ata1: failed", got.console, re.MULTILINE)) == 3


@MACHINES
def test_read_error_passes(test_build, tmp_path, machine) -> None:
    """An error that passes is not seen by the caller."""
    disk = patterned(tmp_path / "bad.img", SECTORS)
    got = run(test_build, "1r64+128,1r64+128",
              args=bad_disk(disk, [{"iotype": "read", "sector": 100, "once": "on"}]), **machine)
    assert got.results == [0, 0] and got.data == [1, 1]
    assert "failed" not in got.console


@MACHINES
def test_write_error(test_build, tmp_path, machine) -> None:
    """A sector that cannot be written gives -EIO, what is written around it arrives, and nothing else changes."""
    disk = tmp_path / "bad.img"
    disk.write_bytes(bytes(SECTORS * SECTOR))
    got = run(test_build, "1w100+1,1w50+20,1w101+256,1w100+1,1f",
              args=bad_disk(disk, [{"iotype": "write", "sector": 100, "once": "off"}]), **machine)
    assert got.results == [EIO, 0, 0, EIO, 0]
    expected = bytearray(SECTORS * SECTOR)
    expected[50 * SECTOR:70 * SECTOR] = written(50, 20)
    expected[101 * SECTOR:357 * SECTOR] = written(101, 256)
    assert disk.read_bytes() == expected


@MACHINES
def test_write_error_passes(test_build, tmp_path, machine) -> None:
    """The same for an error that passes: all is written."""
    disk = tmp_path / "bad.img"
    disk.write_bytes(bytes(SECTORS * SECTOR))
    got = run(test_build, "1w0+256,1f", args=bad_disk(disk, [{"iotype": "write", "sector": 100, "once": "on"}]),
              **machine)
    assert got.results == [0, 0]
    assert disk.read_bytes() == written(0, 256) + bytes((SECTORS - 256) * SECTOR)


@MACHINES
def test_flush_error(test_build, tmp_path, machine) -> None:
    """A flush that fails is said to have failed, even if another one would go well: nobody knows what got lost. The
    disk is used on."""
    for once in ("on", "off"):
        disk = patterned(tmp_path / "bad.img", SECTORS)
        got = run(test_build, "1w8+8,1f,1f,1r0+16",
                  args=bad_disk(disk, [{"iotype": "flush", "once": once}]), **machine)
        assert got.results == [0, EIO, EIO if once == "off" else 0, 0]
        assert got.data[3] == 1


@pytest.mark.chapters("07", "08")
def test_too_slow(test_build, tmp_path) -> None:
    """A disk that does not answer within ten seconds is reset and asked again."""
    disk = patterned(tmp_path / "slow.img", SECTORS)
    slow = ["-object", "throttle-group,id=slow,x-bps-total=10000",
            "-blockdev", f"driver=file,node-name=slow-file,filename={disk}",
            "-blockdev", "driver=throttle,node-name=slow-throttle,throttle-group=slow,file=slow-file",
            "-blockdev", "driver=raw,node-name=slow,file=slow-throttle",
            "-device", "ide-hd,bus=ide.1,unit=0,drive=slow,rerror=report,werror=report,write-cache=on"]
    # The first request is served at once, and the second not before thirteen seconds have been paid for it.
    got = run(test_build, "1r0+256,1r256+8,0r0+8", args=slow)
    assert got.results == [0, 0, 0] and got.data[:2] == [1, 1]
    assert 10_000 <= got.jobs[1].ms < 30_000
    assert "failed" not in got.console
