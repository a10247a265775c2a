"""Builds chapters, each once per session and combination of make variables, in a private copy of the tree."""
import dataclasses
import os
import pathlib
import shutil
import subprocess

from .chapters import ROOT, Chapter
from .session import locked, once

BUILD_TIMEOUT = 600 * float(os.environ.get("RUNG_TIMEOUT_SCALE", "1"))


# What else goes onto the disk: everything that is compiled stays the same.
ROOT_VARIABLES = {"USER_TESTS", "ROOT_EXTRA"}


class BuildFailed(Exception):
    """make said no; the message is what it printed."""


@dataclasses.dataclass(frozen=True)
class Build:
    """A chapter that has been built."""
    chapter: Chapter
    folder: pathlib.Path        # the chapter's private copy
    output: pathlib.Path        # its build folder
    log: str                    # what make printed

    @property
    def image(self) -> pathlib.Path:
        return self.output / "os.img"

    @property
    def kernel(self) -> pathlib.Path | None:
        """The kernel's ELF file with symbols; None below chapter 3."""
        path = self.output / "kernel.elf"
        return path if path.exists() else None


def make(folder: pathlib.Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make in a folder; its output (errors included) is in `stdout`."""
    # Not our caller's make: its flags (-j, -n, variables) are not meant for this one.
    environment = {key: value for key, value in os.environ.items()
                   if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "CH")}
    return subprocess.run(["make", "-C", str(folder), "--no-print-directory", *arguments], env=environment,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", timeout=BUILD_TIMEOUT)


class Builder:
    """Builds on demand; `shared` is a folder that all workers of the session have in common."""

    def __init__(self, shared: pathlib.Path):
        self.shared = shared
        self.tree = shared / "tree"

    def _tree(self, tree: pathlib.Path) -> None:
        """A folder for chapters, with all that they want beside them."""
        if not (tree / "common.mk").exists():
            tree.mkdir(exist_ok=True)
            for name in ("tests", "tools"):
                (tree / name).symlink_to(ROOT / name)
            shutil.copyfile(ROOT / "common.mk", tree / "common.mk")

    def copy(self, chapter: Chapter) -> pathlib.Path:
        """The session's private copy of a chapter, without what was built in it."""
        target = self.tree / chapter.path.name
        with locked(self.shared / "tree.lock"):
            self._tree(self.tree)
            if not target.exists():
                part = self.tree / f"{chapter}.part"
                shutil.copytree(chapter.path, part, symlinks=True, ignore=shutil.ignore_patterns("build"))
                part.rename(target)
        return target

    def copy_built(self, chapter: Chapter, target: pathlib.Path) -> None:
        """Another copy, with what plain `make` has built: what a test changes there is all that make does again."""
        source = self.build(chapter, LLVM="").folder
        # The times are copied too: what was built stays up to date.
        shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("build-*"))

    def build(self, chapter: Chapter, **variables: str | int) -> Build:
        """Build a chapter with make variables (TEST=1, SAN=1, LLVM="-22"); each combination has its own folder."""
        variables = {"LLVM": os.environ.get("LLVM", ""), **variables}
        chosen = {name: str(value) for name, value in sorted(variables.items()) if str(value)}
        label = "-".join(["build"] + [f"{name}{value}".replace("/", "_") for name, value in chosen.items()])
        arguments = [f"{name}={value}" for name, value in chosen.items()] + ["-j2", "all"]
        again = bool(chosen) and chosen.keys() <= ROOT_VARIABLES    # what plain `make` has built will do
        tree = self.shared / f"tree-{label}" if again else self.tree
        folder = tree / chapter.path.name
        output = folder / "build"
        if not again:
            self.copy(chapter)
            if chosen:
                output /= label
                arguments.append(f"BUILD=build/{label}")

        def run() -> list:
            if again:
                with locked(self.shared / "tree.lock"):
                    self._tree(tree)
                self.copy_built(chapter, folder)
                (output / "os.img").unlink()
            done = make(folder, *arguments)
            return [done.returncode, done.stdout]

        status, log = once(self.shared, f"build {chapter} {label}", run, lock=f"make {chapter} {tree.name}")
        if status:
            raise BuildFailed(f"make {' '.join(arguments)} in {chapter.path.name}:\n{log}")
        return Build(chapter, folder, output, log)
