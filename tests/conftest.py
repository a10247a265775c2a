"""What all tests share: the chapters, their builds, machines to boot them in, and the kernel's own tests.

    @pytest.mark.chapters("05")             holds from chapter 5 on; ("03", "07") from 3 to 7
    def test_something(chapter, boot):      runs once for each of these chapters
        machine = boot(memory="64M")        a started Qemu at the chapter's ready line
        machine.serial.expect(...)

`--chapter 05` (or CH=05 in the environment) runs only what concerns that chapter.
"""
import os
import pathlib
import re
import shutil

import pytest
from support import kernel_tests
from support.build import Build, Builder
from support.chapters import ROOT, Chapter, discover, in_range, parse_number

from tools.machine import Bochs, Qemu
from tools.machine.bochs import available as bochs_available

ARTIFACTS = pathlib.Path(os.environ.get("RUNG_ARTIFACTS") or ROOT / "build" / "test-artifacts")
PANIC = re.compile(r"^panic: ", re.MULTILINE)
_reports = pytest.StashKey[dict]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("rung")
    group.addoption("--chapter", default=os.environ.get("CH") or None, help="test only this chapter (05)")
    group.addoption("--every-chapter", action="store_true", default=bool(os.environ.get("RUNG_EVERY_CHAPTER")),
                    help="run the long tests for all chapters, not for the first and the last of theirs alone")
    group.addoption("--seed", type=int, default=1, help="seed of the kernel tests' random numbers")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "chapters(first, last=None): the chapters that a test holds for")
    config.addinivalue_line("markers", "ends: of these chapters the first and the last: those between have the same "
                                       "code, and --chapter or --every-chapter runs them")
    config.rung_chapters = discover(ROOT)
    config.rung_builder = None


def pytest_sessionstart(session: pytest.Session) -> None:
    """The folder that all workers share lies beside theirs, where xdist has them."""
    own = session.config._tmp_path_factory.getbasetemp()
    shared = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "rung"
    shared.mkdir(exist_ok=True)
    session.config.rung_builder = Builder(shared)


def pytest_collect_file(file_path: pathlib.Path, parent):
    return kernel_tests.collect_file(file_path, parent)


# Which chapters

def every_chapter(config: pytest.Config) -> bool:
    """Whether a test that is marked `ends` runs for the chapters between too."""
    return bool(config.getoption("--every-chapter") or config.getoption("--chapter"))


def _range(item) -> tuple | None:
    marker = item.get_closest_marker("chapters")
    return marker.args if marker else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes `chapter` runs for each chapter that its marker allows."""
    if "chapter" in metafunc.fixturenames:
        wanted = _range(metafunc.definition) or ("01",)
        chosen = [chapter for chapter in metafunc.config.rung_chapters if in_range(chapter.number, *wanted)]
        if metafunc.definition.get_closest_marker("ends") and not every_chapter(metafunc.config):
            chosen = chosen[:1] + chosen[1:][-1:]
        metafunc.parametrize("chapter", chosen, ids=str, scope="session")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With --chapter: only tests of that chapter, and tests marked for chapters among which it is."""
    if not config.getoption("--chapter"):
        return
    number = parse_number(config.getoption("--chapter"))

    def concerns(item: pytest.Item) -> bool:
        if isinstance(item, kernel_tests.KernelTest):
            return item.chapter.number == number
        if hasattr(item, "callspec") and "chapter" in item.callspec.params:
            # Where the tree has none of a test's chapters, pytest keeps the test with a chapter that is none.
            return getattr(item.callspec.params["chapter"], "number", None) == number
        wanted = _range(item)
        return wanted is not None and in_range(number, *wanted)

    config.hook.pytest_deselected(items=[item for item in items if not concerns(item)])
    items[:] = [item for item in items if concerns(item)]


# Reports

@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo):
    """Remember the reports for the fixtures; in CI a skip is a failure: what isn't tested isn't known to work."""
    report = (yield).get_result()
    if report.skipped and os.environ.get("CI") == "true" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not accept: {report.longrepr}"
    item.stash.setdefault(_reports, {})[report.when] = report


def _failed(item: pytest.Item) -> bool:
    return any(report.failed for report in item.stash.get(_reports, {}).values())


# Fixtures

@pytest.fixture
def tmp_path(tmp_path: pathlib.Path, request: pytest.FixtureRequest):
    """A folder of the test's own. It goes when the test has passed: all together, with their disks, fill many GB."""
    yield tmp_path
    if not _failed(request.node):
        shutil.rmtree(tmp_path, ignore_errors=True)


@pytest.fixture(scope="session")
def builder(pytestconfig: pytest.Config) -> Builder:
    """Builds chapters: `builder.build(chapter, SAN=1)`, each combination once per session."""
    return pytestconfig.rung_builder


@pytest.fixture(scope="session")
def root() -> pathlib.Path:
    """The top of the tree under test."""
    return ROOT


@pytest.fixture(scope="session")
def all_chapters(pytestconfig: pytest.Config) -> list[Chapter]:
    """All chapters there are."""
    return pytestconfig.rung_chapters


@pytest.fixture
def built(builder: Builder, chapter: Chapter) -> Build:
    """The chapter as `make` builds it."""
    return builder.build(chapter)


class Booter:
    """Starts machines for one test, keeps what explains a failure, and ends them all."""

    def __init__(self, chapter: Chapter, builder: Builder):
        self.chapter = chapter
        self.builder = builder
        self.machines: list[Qemu | Bochs] = []

    def __call__(self, image: os.PathLike | None = None, *, ready: bool = True, panics: bool = False,
                 timeout: float | None = None, **options) -> Qemu:
        """A started machine.

        image      default: the chapter's own
        ready      wait for the chapter's ready line first
        panics     False: a panic fails whatever the test waits for on COM1, at once
        options    as Qemu's
        """
        build = self.builder.build(self.chapter)
        machine = Qemu(image or build.image, symbols=build.kernel, **options)
        return self._start(machine, ready, panics, timeout)

    def bochs(self, image: os.PathLike | None = None, *, ready: bool = True, panics: bool = False,
              timeout: float | None = 60, **options) -> Bochs:
        """The same in Bochs."""
        if not bochs_available():
            pytest.skip("Bochs is not installed")
        machine = Bochs(image or self.builder.build(self.chapter).image, **options)
        return self._start(machine, ready, panics, timeout)

    def _start(self, machine, ready: bool, panics: bool, timeout: float | None):
        machine.__enter__()
        self.machines.append(machine)
        machine.serial.fail = None if panics else PANIC
        if ready:
            machine.serial.expect(self.chapter.ready, timeout)
        return machine


@pytest.fixture
def boot(request: pytest.FixtureRequest, chapter: Chapter, builder: Builder):
    """Starts machines with the chapter's image: `boot(memory="64M")`, `boot.bochs()`; see Booter."""
    booter = Booter(chapter, builder)
    target = ARTIFACTS / re.sub(r"[^\w.-]+", "_", request.node.nodeid)
    shutil.rmtree(target, ignore_errors=True)
    yield booter
    for number, machine in enumerate(booter.machines, 1):
        try:
            if _failed(request.node):
                machine.save_artifacts(target / str(number) if len(booter.machines) > 1 else target)
        finally:
            machine.close()


@pytest.fixture
def machine(boot: Booter) -> Qemu:
    """The chapter in its plain machine, at its ready line."""
    return boot()
