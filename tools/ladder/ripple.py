"""rung ripple: carry a change made in one chapter through all later ones.

The change is everything that differs in the chapter between a commit and the working tree: edited, new, deleted and
renamed files, file modes. It goes up chapter by chapter with three-way merges: the next chapter gets the change as it
turned out in the chapter below. README.md and kernel/demo.c belong to their chapter and stay out.

Where a merge finds a conflict, the ripple stops behind that chapter and lists the places where a person decides. Put
them right there, then run `rung ripple --continue`, or `rung ripple --abort` to take everything back.

    rung ripple 03 --since HEAD         an uncommitted change of chapter 3
    rung ripple 03 --since HEAD~1       the last commit's
    rung ripple 03 --since HEAD --dry-run
"""
import argparse
import dataclasses
import json
import os
import pathlib
import subprocess
import tempfile

from .chapters import BUILD_FOLDER, Chapter, LadderError, discover, find
from .code import REWRITTEN

STAYS = {"README.md", REWRITTEN}
STATE_FILE = "rung-ripple.json"         # in the repository's git folder
MARKERS = ("<<<<<<< ", "||||||| ", ">>>>>>> ")
REGULAR, EXECUTABLE, LINK = "100644", "100755", "120000"


@dataclasses.dataclass(frozen=True)
class File:
    """A version of a file: its content is a blob in the repository."""
    mode: str
    blob: str


@dataclasses.dataclass(frozen=True)
class Change:
    """How a file changed: from `old` at `old_name` (None: it is new) to `new` at `name` (None: it is deleted)."""
    name: str
    old_name: str
    old: File | None
    new: File | None


@dataclasses.dataclass
class Outcome:
    """What one change comes to in one chapter."""
    change: Change                  # to carry on with
    writes: dict[str, File | None]  # by name in the chapter; None deletes
    conflict: str | None = None     # what a person has to decide


@dataclasses.dataclass
class State:
    """A ripple under way: saved while a person decides."""
    source: int
    last: int
    reached: int                                    # the chapter that has conflicts
    changes: list[Change]                           # as they go into the chapter reached
    outcomes: list[Outcome]                         # of the chapter reached
    originals: dict[str, File | None]               # by path from the root: for --abort


class Repository:
    """The git repository around the chapters."""

    def __init__(self, root: pathlib.Path):
        self.root = root
        if not root.samefile(self.git("rev-parse", "--show-toplevel").strip()):
            raise LadderError(f"{root} is not the top of a git repository")
        self.state_path = root / self.git("rev-parse", "--git-path", STATE_FILE).strip()

    def git(self, *arguments: str, environment: dict[str, str] | None = None) -> str:
        done = subprocess.run(["git", *arguments], cwd=self.root, capture_output=True,
                              env={**os.environ, **(environment or {})})
        if done.returncode:
            raise LadderError(f"git {arguments[0]}: {done.stderr.decode(errors='replace').strip()}")
        return done.stdout.decode("utf-8", "surrogateescape")

    def content(self, blob: str) -> bytes:
        return subprocess.run(["git", "cat-file", "blob", blob], cwd=self.root, capture_output=True, check=True).stdout

    def store(self, content: bytes) -> str:
        return subprocess.run(["git", "hash-object", "-w", "--stdin"], cwd=self.root, input=content,
                              capture_output=True, check=True).stdout.decode().strip()

    def read(self, path: str) -> File | None:
        """The file in the working tree, its content stored as a blob."""
        full = self.root / path
        if full.is_symlink():
            return File(LINK, self.store(os.readlink(full).encode()))
        if not full.is_file():
            return None
        return File(EXECUTABLE if full.stat().st_mode & 0o100 else REGULAR, self.store(full.read_bytes()))

    def write(self, path: str, file: File | None) -> None:
        """Put a file into the working tree, or delete it."""
        full = self.root / path
        if full.is_symlink() or full.exists():
            full.unlink()
        if file is None:
            folder = full.parent
            while folder != self.root and folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
                folder = folder.parent
            return
        full.parent.mkdir(parents=True, exist_ok=True)
        if file.mode == LINK:
            full.symlink_to(self.content(file.blob).decode())
        else:
            full.write_bytes(self.content(file.blob))
            full.chmod(0o755 if file.mode == EXECUTABLE else 0o644)

    def changes(self, folder: str, commit: str) -> list[Change]:
        """What differs in a folder between a commit and the working tree, renames recognised."""
        with tempfile.TemporaryDirectory() as directory:
            # An index of our own: the user's stays as it is.
            index = {"GIT_INDEX_FILE": str(pathlib.Path(directory) / "index")}
            self.git("read-tree", commit, environment=index)
            self.git("add", "--all", "--", folder, environment=index)
            raw = self.git("diff-index", "--cached", "--raw", "-z", "--no-abbrev", "-M", commit, "--", folder,
                           environment=index)
        fields = iter(raw.split("\0"))
        found = []
        for header in fields:
            if not header:
                continue
            old_mode, new_mode, old_blob, new_blob, status = header.lstrip(":").split()
            old_name = next(fields).removeprefix(folder + "/")
            name = next(fields).removeprefix(folder + "/") if status[0] in "RC" else old_name
            old = None if status[0] == "A" else File(old_mode, old_blob)
            new = None if status[0] == "D" else File(new_mode, new_blob)
            if not name.startswith(BUILD_FOLDER + "/"):
                found.append(Change(name, old_name, old, new))
        return found


class Merger:
    """Merges changes into one chapter, without touching the working tree."""

    def __init__(self, repository: Repository, below: str, chapter: Chapter):
        self.repository = repository
        self.labels = (f"{chapter} as it is", f"{below} before", f"{below} now")
        self.chapter = chapter

    def current(self, name: str) -> File | None:
        return self.repository.read(f"{self.chapter.name}/{name}")

    def merge(self, change: Change) -> Outcome:
        """Apply a change to the chapter's own version of the file."""
        ours = self.current(change.old_name)
        if change.name != change.old_name:
            return self._renamed(change, ours)
        if ours == change.new or change.old == change.new:
            return Outcome(change, {})
        if change.new is None:
            if ours == change.old:
                return Outcome(dataclasses.replace(change, old=ours), {change.name: None})
            return Outcome(change, {}, "deleted below, but different here: delete it or keep it")
        if ours is None:
            if change.old is None:
                return Outcome(change, {change.name: change.new})
            return Outcome(change, {}, "changed below, but not in this chapter: nothing to do, or bring it back")
        merged, conflict = self._contents(change.old, ours, change.new)
        if merged == ours and not conflict:
            return Outcome(change, {})              # has it already: what is above is compared with the chapter below
        return Outcome(Change(change.name, change.name, ours, merged), {change.name: merged}, conflict)

    def _renamed(self, change: Change, ours: File | None) -> Outcome:
        there = self.current(change.name)
        if ours is None and there is not None:      # renamed here already
            return self.merge(dataclasses.replace(change, old_name=change.name))
        if ours is None or there is not None:
            return Outcome(change, {}, f"renamed below from {change.old_name}, but "
                           + ("both names exist here" if there else "neither name exists here"))
        merged, conflict = self._contents(change.old, ours, change.new)
        return Outcome(Change(change.name, change.old_name, ours, merged),
                       {change.old_name: None, change.name: merged}, conflict)

    def _contents(self, base: File | None, ours: File, theirs: File) -> tuple[File, str | None]:
        """Three-way merge of mode and content; the conflict's description is the number of places."""
        mode = theirs.mode if base is None or theirs.mode != base.mode else ours.mode
        if ours.blob == theirs.blob or (base and base.blob == theirs.blob):
            return File(mode, ours.blob), None
        if base and base.blob == ours.blob:
            return File(mode, theirs.blob), None
        if LINK in (ours.mode, theirs.mode):
            return ours, "a symbolic link that differs here"
        with tempfile.TemporaryDirectory() as directory:
            paths = [pathlib.Path(directory) / name for name in ("ours", "base", "theirs")]
            for path, file in zip(paths, (ours, base, theirs)):
                path.write_bytes(self.repository.content(file.blob) if file else b"")
            labels = [argument for label in self.labels for argument in ("-L", label)]
            done = subprocess.run(["git", "merge-file", "-p", "--diff3", *labels, *map(str, paths)],
                                  capture_output=True)
        if done.returncode > 127:
            return ours, f"cannot be merged: {done.stderr.decode(errors='replace').strip()}"
        conflict = f"{done.returncode} conflict{'s' if done.returncode > 1 else ''}" if done.returncode else None
        return File(mode, self.repository.store(done.stdout)), conflict


def marker_lines(text: str) -> list[int]:
    """The lines at which conflicts begin."""
    return [number for number, line in enumerate(text.splitlines(), 1) if line.startswith(MARKERS[0])]


def _decisions(repository: Repository, chapter: Chapter, outcome: Outcome, written: bool) -> list[str]:
    """The places where a person decides, one line each."""
    path = f"{chapter.name}/{outcome.change.name}"
    merged = outcome.writes.get(outcome.change.name)
    lines = marker_lines(repository.content(merged.blob).decode(errors="replace")) if merged else []
    if not lines:
        return [f"{path}: {outcome.conflict}"]
    return [f"{path}:{line}" + ("" if written else " (would be)") for line in lines]


def _save(repository: Repository, state: State) -> None:
    repository.state_path.write_text(json.dumps(dataclasses.asdict(state), indent=1))


def _load(repository: Repository) -> State:
    if not repository.state_path.exists():
        raise LadderError("no ripple is under way")
    raw = json.loads(repository.state_path.read_text())

    def file(value: dict | None) -> File | None:
        return File(**value) if value else None

    def change(value: dict) -> Change:
        return Change(value["name"], value["old_name"], file(value["old"]), file(value["new"]))

    def files(value: dict) -> dict[str, File | None]:
        return {name: file(one) for name, one in value.items()}

    return State(raw["source"], raw["last"], raw["reached"], [change(one) for one in raw["changes"]],
                 [Outcome(change(one["change"]), files(one["writes"]), one["conflict"]) for one in raw["outcomes"]],
                 files(raw["originals"]))


def _describe(outcome: Outcome) -> str:
    change = outcome.change
    if outcome.conflict:
        return f"  {change.name}: {outcome.conflict}"
    if not outcome.writes:
        return f"  {change.name}: nothing to do"
    if change.name != change.old_name:
        return f"  {change.name}: renamed from {change.old_name}"
    if change.new is None:
        return f"  {change.name}: deleted"
    return f"  {change.name}: {'added' if change.old is None else 'merged'}"


def _climb(repository: Repository, below: Chapter, above: list[Chapter], state: State, dry_run: bool) -> int:
    """Carry the changes into one chapter after the other; 1 when a person has to decide, else 0."""
    for chapter in above:
        merger = Merger(repository, str(below), chapter)
        outcomes = [merger.merge(change) for change in state.changes]
        print(chapter.name)
        for outcome in outcomes:
            print(_describe(outcome))
            for name in {outcome.change.name, *outcome.writes}:
                path = f"{chapter.name}/{name}"
                state.originals.setdefault(path, repository.read(path))
            if not dry_run:
                for name, file in outcome.writes.items():
                    repository.write(f"{chapter.name}/{name}", file)
        conflicts = [outcome for outcome in outcomes if outcome.conflict]
        if conflicts:
            print("\nA person decides here:")
            for outcome in conflicts:
                print("\n".join(_decisions(repository, chapter, outcome, not dry_run)))
            if not dry_run:
                state.reached, state.outcomes = chapter.number, outcomes
                _save(repository, state)
                print("\nthen: rung ripple --continue   (or --abort takes everything back)")
            return 1
        state.changes = [outcome.change for outcome in outcomes]
        below = chapter
    if not dry_run:
        repository.state_path.unlink(missing_ok=True)
    return 0


def start(root: pathlib.Path, chapter: Chapter, since: str, last: int | None = None, dry_run: bool = False,
          force: bool = False) -> int:
    """Begin a ripple."""
    repository = Repository(root)
    if repository.state_path.exists():
        raise LadderError("a ripple is under way: rung ripple --continue, or --abort")
    commit = repository.git("rev-parse", "--verify", f"{since}^{{commit}}").strip()
    if not repository.git("ls-tree", commit, "--", chapter.name):
        raise LadderError(f"{chapter.name} does not exist in {since}")
    above = [other for other in discover(root)
             if other.number > chapter.number and (last is None or other.number <= last)]
    if not above:
        raise LadderError(f"there is no chapter above {chapter} to carry anything to")
    dirty = repository.git("status", "--porcelain", "--", *(other.name for other in above))
    if dirty and not force and not dry_run:
        raise LadderError(f"later chapters have changes that are not committed (--force goes on anyway):\n{dirty}")
    changes = repository.changes(chapter.name, commit)
    for change in changes:
        if change.name in STAYS:
            print(f"{chapter.name}/{change.name} stays in its chapter")
    changes = [change for change in changes if change.name not in STAYS]
    if not changes:
        print(f"{chapter.name} has not changed since {since}")
        return 0
    state = State(chapter.number, above[-1].number, chapter.number, changes, [], {})
    return _climb(repository, chapter, above, state, dry_run)


def go_on(root: pathlib.Path) -> int:
    """Go on after a person has decided."""
    repository = Repository(root)
    state = _load(repository)
    chapters = discover(root)
    reached = next(chapter for chapter in chapters if chapter.number == state.reached)
    left = []
    for outcome in state.outcomes:
        path = root / reached.name / outcome.change.name
        if outcome.conflict and path.is_file():
            text = path.read_text(errors="replace").splitlines()
            left += [f"{reached.name}/{outcome.change.name}:{number}" for number, line in enumerate(text, 1)
                     if line.startswith(MARKERS)]
    if left:
        raise LadderError("conflict markers are left:\n" + "\n".join(left))
    state.changes = [_decided(repository, reached, state, outcome) for outcome in state.outcomes]
    above = [chapter for chapter in chapters if state.reached < chapter.number <= state.last]
    return _climb(repository, reached, above, state, False)


def _decided(repository: Repository, chapter: Chapter, state: State, outcome: Outcome) -> Change:
    """The change as it turned out in this chapter, after a person may have decided."""
    change = outcome.change
    if not outcome.conflict:
        return change
    path = f"{chapter.name}/{change.name}"
    result = repository.read(path)
    if outcome.writes and result:       # `old` is already what was here before
        return dataclasses.replace(change, new=result)
    if outcome.writes:
        return Change(change.old_name, change.old_name, change.old, None)
    return Change(change.name, change.name, state.originals[path], result)


def abort(root: pathlib.Path) -> int:
    """Put back all files that the ripple has written."""
    repository = Repository(root)
    state = _load(repository)
    for path, file in state.originals.items():
        repository.write(path, file)
        print(f"{path}: as it was")
    repository.state_path.unlink()
    return 0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("chapter", nargs="?", help="the chapter that was changed")
    parser.add_argument("--since", metavar="COMMIT", help="what the chapter was before the change")
    parser.add_argument("--to", metavar="NN", help="the last chapter to carry it to (default: the newest)")
    parser.add_argument("--dry-run", action="store_true",
                        help="only tell what would happen, up to the first conflict")
    parser.add_argument("--force", action="store_true", help="even when later chapters have uncommitted changes")
    parser.add_argument("--continue", dest="go_on", action="store_true", help="go on after conflicts were put right")
    parser.add_argument("--abort", action="store_true", help="take back what the ripple has done")


def run(root: pathlib.Path, arguments: argparse.Namespace) -> int:
    if arguments.go_on:
        return go_on(root)
    if arguments.abort:
        return abort(root)
    if not arguments.chapter or not arguments.since:
        raise LadderError("say which chapter was changed, and --since which commit")
    last = find(root, arguments.to).number if arguments.to else None
    return start(root, find(root, arguments.chapter), arguments.since, last, arguments.dry_run, arguments.force)
