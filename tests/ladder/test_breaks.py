"""The breaking patches keep up with the chapters. Whether each turns its test red, `make test-breaks` finds out."""
import subprocess

from tests.breaks import run


def test_patches_apply(chapter, root):
    """Each breaking patch of a chapter says what it is for, and applies without moved or changed context."""
    stale = []
    for path in sorted((root / "tests/breaks").glob("*.patch")):
        patch = run.Break.read(path)
        if int(patch.chapter) != chapter.number:
            continue
        done = subprocess.run(["patch", "-p1", "--dry-run", "--force", "--fuzz=0", "-i", path], cwd=chapter.path,
                              capture_output=True, text=True)
        if done.returncode != 0:
            stale.append(f"{path.name}: {done.stdout.strip()}")
    assert not stale, "\n".join(stale)
