"""Lets the test kernel read, write and flush disks as its command line says (tests/kernel/07-ata.c, disk_jobs)."""
import dataclasses
import pathlib
import re
import struct

from support.ktap import parse

from tools.machine import Qemu

SECTOR = 512
EIO = -5
RUN_TIMEOUT = 60

# A disk that reads 60 MB a second: QEMU's own is faster than the processor it emulates.
THROTTLED = ["-object", "throttle-group,id=limit,x-bps-read=60000000",
        "-blockdev", "driver=file,node-name=f0,filename={image}", "-blockdev", "driver=raw,node-name=r0,file=f0",
        "-blockdev", "driver=throttle,node-name=d0,throttle-group=limit,file=r0",
        "-device", "ide-hd,bus=ide.0,unit=0,drive=d0,bootindex=0"]


@dataclasses.dataclass(frozen=True)
class Job:
    """What became of one job; `data`: 1: what a job writes, 0: zeroes, -1: anything else."""
    text: str
    result: int
    data: int
    ms: int


@dataclasses.dataclass(frozen=True)
class Run:
    jobs: list[Job]
    console: str
    images: list[bytes]         # of the disks named in `keep`, after the run

    @property
    def results(self) -> list[int]:
        return [job.result for job in self.jobs]

    @property
    def data(self) -> list[int]:
        return [job.data for job in self.jobs]


def written(sector: int, count: int) -> bytes:
    """What a job writes to these sectors."""
    return b"".join(struct.pack("<64Q", *(number * 1000 + word for word in range(64)))
                    for number in range(sector, sector + count))


def patterned(path: pathlib.Path, sectors: int) -> pathlib.Path:
    """A disk image whose sectors hold what a job would write."""
    path.write_bytes(written(0, sectors))
    return path


def run(build, jobs: str, timeout: float = RUN_TIMEOUT, **options) -> Run:
    """Boot the test kernel with these jobs ("1r100+8,1w200+256,1f"); options as Qemu's."""
    with Qemu(build.image, cmdline=f"tests=disk_jobs jobs={jobs}", symbols=build.kernel, **options) as machine:
        machine.wait_exit(timeout)
        result = parse(machine.com2.text()).results["disk_jobs"]
        console = machine.serial.text()
        images = [path.read_bytes() for path in sorted(machine.directory.glob("disk?.img"))]
    assert result.passed, "\n".join(result.messages)
    notes = [re.fullmatch(r"job (\S+) result (-?\d+) data (-?\d+) ms (\d+)", note) for note in result.messages]
    return Run([Job(note[1], *map(int, note.groups()[1:])) for note in notes if note], console, images)
