"""Where disks are: controllers, channels, drives, and how large they may be."""
import re

import pytest
from fs.disk_jobs import SECTOR, THROTTLED, patterned, run, written
from support.ktap import parse

from tools.machine import Qemu

pytestmark = [pytest.mark.chapters("07"), pytest.mark.ends]

BORDER = 1 << 28            # sectors that 28 bits of address can reach
EXTRA_CONTROLLER = ["-device", "piix3-ide,id=extra", "-blockdev", "driver=file,node-name=root-file,filename={image}",
                    "-blockdev", "driver=raw,node-name=root,file=root-file",
                    "-device", "ide-hd,bus=extra.0,unit=0,drive=root,bootindex=0"]


@pytest.fixture
def test_build(builder, chapter):
    return builder.build(chapter, TEST=1)


def disks(console: str) -> list[tuple[str, str]]:
    """Name and way of transfer of the disks that were found."""
    return re.findall(r"^(ata\d): .*, \d+ MiB, (DMA|PIO)$", console, re.MULTILINE)


def drive(path, place: str, name: str = "more", kind: str = "ide-hd") -> list[str]:
    return ["-blockdev", f"driver=file,node-name={name}-file,filename={path}",
            "-blockdev", f"driver=raw,node-name={name},file={name}-file", "-device", f"{kind},{place},drive={name}"]


def test_without_pci(test_build, tmp_path) -> None:
    """On a machine without PCI disks are read and written by PIO."""
    disk = patterned(tmp_path / "other.img", 1024)
    got = run(test_build, "0r0+256,1r0+256,1r255+3,1w512+1,1w768+256,1r300+256,1f", machine="isapc", cpu="qemu64",
              disks=[disk])
    assert disks(got.console) == [("ata0", "PIO"), ("ata1", "PIO")]
    assert got.results == [0] * 7 and got.data[1:3] == [1, 1] and got.data[5] == 1


def test_controller_of_its_own(test_build) -> None:
    """On q35, whose own controller is AHCI, an IDE controller in a slot is found."""
    got = run(test_build, "0r0+256,0r1000+8", machine="q35", drive=EXTRA_CONTROLLER)
    assert disks(got.console) == [("ata0", "DMA")]
    assert got.results == [0, 0]


def test_no_disk(test_build) -> None:
    """On a machine whose disk is none of ours none is found, and nothing hangs."""
    for options in ({"machine": "q35"}, {"machine": "pc", "drive": "usb"}):
        with Qemu(test_build.image, symbols=test_build.kernel, **options) as machine:
            machine.serial.expect(r"^rtc: ")
            machine.serial.expect(r"^(?!rtc|ata)\w+.*$|\Z(?!)", 20)
            assert disks(machine.serial.text()) == []


def test_four_disks(test_build, tmp_path) -> None:
    """Two channels of two drives each are four disks, in order, whatever is called the same."""
    paths = [tmp_path / f"disk{n}" for n in range(1, 4)]
    for n, path in enumerate(paths, 1):
        path.write_bytes(bytes(n * 1000 * SECTOR) + written(n * 1000, 100))
    jobs = ",".join(f"{n}r{n * 1000}+100" for n in (1, 2, 3, 2, 1, 3))
    got = run(test_build, jobs, disks=paths)
    assert disks(got.console) == [(f"ata{n}", "DMA") for n in range(4)]
    assert got.data == [1] * 6


def test_second_drive_alone(test_build, tmp_path) -> None:
    """A channel whose first drive is missing, and one that has a CD-ROM drive in its place: the second is found."""
    disk = patterned(tmp_path / "disk", 512)
    got = run(test_build, "1r0+100", args=drive(disk, "bus=ide.1,unit=1"))
    assert disks(got.console) == [("ata0", "DMA"), ("ata1", "DMA")] and got.data == [1]
    cd = patterned(tmp_path / "cd", 2048)
    got = run(test_build, "1r0+100",
              args=drive(cd, "bus=ide.1,unit=0", "cd", "ide-cd") + drive(disk, "bus=ide.1,unit=1"))
    assert disks(got.console) == [("ata0", "DMA"), ("ata1", "DMA")] and got.data == [1]
    assert "CD" not in got.console


@pytest.mark.parametrize("machine", [{}, {"machine": "isapc", "cpu": "qemu64"}], ids=["dma", "pio"])
def test_large_disk(test_build, tmp_path, machine) -> None:
    """Sectors above 2^28 are read and written where they are, and so are requests across that border."""
    path = tmp_path / "large"
    sectors = 400 * (1 << 30) // SECTOR
    with open(path, "wb") as file:
        file.truncate(sectors * SECTOR)
        file.seek((BORDER + 70_000) * SECTOR)
        file.write(written(BORDER + 70_000, 300))
    places = [(BORDER - 100, 200), (2 * BORDER + 12345, 256), (BORDER - 300, 200), (sectors - 8, 8)]
    jobs = f"1r{BORDER + 70_044}+256," + ",".join(f"1w{sector}+{count}" for sector, count in places) + ",1r12345+256"
    got = run(test_build, jobs, args=drive(path, "bus=ide.1,unit=0"), **machine)
    assert got.results == [0] * 6
    assert got.data[0] == 1 and got.data[5] == 0
    with open(path, "rb") as file:
        for sector, count in places:
            file.seek(sector * SECTOR)
            assert file.read(count * SECTOR) == written(sector, count)
    assert path.stat().st_blocks * SECTOR < 2 << 20     # nothing else was written
    path.unlink()


def test_much_memory(test_build, tmp_path) -> None:
    """On a machine with memory above 4 GiB, which the controller does not reach, data is moved all the same."""
    disk = patterned(tmp_path / "disk", 1024)
    got = run(test_build, "1r0+256,1w600+100,1r600+100", memory="6G", disks=[disk])
    assert got.results == [0] * 3 and got.data == [1, 0, 1]


def test_pci_devices(test_build) -> None:
    """Every device is found, behind bridges and bridges behind bridges, and on devices of several functions."""
    devices = ["pci-bridge,id=one,chassis_nr=1,addr=8", "pci-bridge,id=two,chassis_nr=2,bus=one,addr=1",
               "pci-bridge,id=three,chassis_nr=3,addr=9", "e1000,bus=one,addr=3", "e1000,bus=two,addr=1f",
               "e1000,bus=three,addr=4.0,multifunction=on", "e1000,bus=three,addr=4.7", "e1000,addr=5.0,multifunction=on",
               "e1000,addr=5.3"]
    with Qemu(test_build.image, cmdline="tests=pci_list", symbols=test_build.kernel, stopped=True,
              gdb=True, args=[word for device in devices for word in ("-device", device)]) as machine:
        machine.gdb().run_to(machine.symbols.address("first_program"))      # the BIOS has given the buses their numbers
        expected = set()

        def walk(device: dict) -> None:
            expected.add((device["bus"], device["slot"], device["function"],
                          device["id"]["device"] << 16 | device["id"]["vendor"], device["class_info"]["class"]))
            for below in device.get("pci_bridge", {}).get("devices", []):
                walk(below)

        for bus in machine.qmp("query-pci"):
            for device in bus["devices"]:
                walk(device)
        machine.gdb().resume()
        machine.wait_exit()
        result = parse(machine.com2.text()).results["pci_list"]
    found = {tuple(int(part, base) for part, base in zip(match.groups(), (10, 10, 10, 16, 16))) for note in result.messages
             if (match := re.fullmatch(r"pci (\d+):(\d+)\.(\d+) (\w+) (\w+)", note))}
    assert result.passed and len(expected) >= 14
    assert found == expected


def test_processor_halts(test_build) -> None:
    """While the disk works by DMA the processor halts: what it does for 128 KiB are some thousand instructions."""
    with Qemu(test_build.image, cmdline="tests=ata_costs", icount=True, symbols=test_build.kernel,
              drive=THROTTLED) as machine:
        machine.wait_exit(60)
        result = parse(machine.com2.text()).results["ata_costs"]
    assert result.passed, "\n".join(result.messages)
    costs = {name: int(value) for name, value in (note.split() for note in result.messages)}
    print(costs)
    # While a busy host lets the disk wait, the guest's time goes on: a tick, a million counts apart, takes some 240.
    assert costs["busy"] - costs["idle"] // 4000 <= 10000       # 2,500; by PIO 140,000
    assert costs["idle"] > 0


def test_root_by_signature(boot, built, tmp_path) -> None:
    """Of several disks the one that the machine was booted from has the root file system, whatever its number."""
    other = tmp_path / "other.img"
    image = bytearray(built.image.read_bytes())
    image[440] ^= 0xFF
    other.write_bytes(image)
    drives = drive(other, "bus=ide.0,unit=0") + drive("{image}", "bus=ide.1,unit=1,bootindex=0", "boot")
    machine = boot(drive=drives)
    assert re.search("^root: ata1p1", machine.serial.text(), re.MULTILINE)


def test_boots_without_pci(boot) -> None:
    """The whole system works on a machine without PCI."""
    machine = boot(machine="isapc", cpu="qemu64")
    assert disks(machine.serial.text()) == [("ata0", "PIO")]


@pytest.mark.parametrize("settings, way", [([], "DMA"), (["pci: enabled=0"], "PIO")], ids=["pci", "isa"])
def test_bochs(boot, settings, way) -> None:
    """Bochs boots with the disk, with a PCI bus and without."""
    machine = boot.bochs(settings=settings)
    assert disks(machine.serial.text()) == [("ata0", way)]
