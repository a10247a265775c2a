"""Options of the commands that people type without thinking: the same output and status as GNU's, line by line."""
import subprocess

import pytest
from host.test_commands import TIMEOUT, ours    # noqa: F401  (a fixture)

pytestmark = pytest.mark.chapters("09")

SETUP = r"""
mkdir d d/s; printf 'b\na\nc\na\n' >f; printf '10\n9\n2\n' >n; printf 'x:1:z\ny:3:w\nz:2:q\n' >k; cp f d/g; seq 30 >s
printf 'hello world\nfoo bar foo\nHello\n\nend\n' >t; touch -d '2020-01-01 10:00' old d/s d/g; head -c 5000 /dev/zero >big
ln -s f l; ln -s nosuch dang; >.hid; printf 'a b\tc\n' >w; chmod 644 f n
"""
LINES = r"""
cat -b t
cat -sn t t
printf 'a\n\n\n\nb\n\n' | cat -s
printf '\001\200\377\177\t\n' | cat -v
printf '\001\200\377\177\t\n' | cat -A
cat -ET w f
cat -e w t
cp -n f n; cat n
cp -i f new; cat new
echo y | cp -i f n; cat n
echo n | cp -i f n; cat n
echo y | mv -i f n; cat n; ls
echo n | mv -i f n; cat n; ls
mv -n f n; ls
printf 'n\n' | rm -ri d; ls
printf 'y\ny\ny\ny\ny\n' | rm -ri d; ls d
echo y | rm -i f; ls
echo n | rm -i f; ls
echo n | rm -if f; ls
mkdir -v q d; ls
mkdir -pv q/r
ls -np d
ls -pF d
ls -p
ls -lpn d | cut -c1-15
grep -A1 foo t
grep -B1 foo t
grep -C1 foo t
grep -C1 1 s
grep -nA1 1 s
grep -A2 -B1 a f k
grep -n -C 1 -m1 1 s
grep -v -B1 1 s
grep -c -A1 1 s
grep -oA1 1 s
grep -A1 -H 1 f s n
grep -C100 5 s
tail -q -n1 s f
tail -v -n1 s
tail -n1 s f
tail -n1 <s
seq 100 | tail -f -n2
"""
LINES_10 = r"""
cp -p old new; stat -c %Y new
chmod 751 f; cp -p f new; stat -c %a new
cp -a d e; ls e; cp -a l m; readlink m
cp -P l m; readlink m
cp -d l m; readlink m
cmp f f
cmp f n
cmp -l f n
cmp -s f n
cmp big f
cmp f nosuch
cmp f - <f
printf 'b\na\n' | cmp - f
paste f n s
paste -d ,: f n k
paste -d '\n' f n
paste -s f
paste -sd+ n
paste -d '\0' f n
paste - - <s
paste nosuch
date -u -d '2020-02-03 04:05:06' '+%a %b %d %H:%M:%S %Y %j %s'
date -u -d 2020-02-03T04:05 +%s
date -u -d 2020-02-29 +%s
date -u -d 2021-02-29
date -u -d '2020-01-01 25:00'
touch -d '2020-05-05 05:05' q; stat -c %Y q
touch -d 2020-05-05T05:05:05 q; stat -c %Y q
touch -d garbage q; ls
du -c d | tail -n 1 | cut -f2
du -d1 . | cut -f2 | sort
du -ad1 d | cut -f2 | sort
find . -mmin +60 | sort
find . -links +1 | sort
sort -C f
tr '[:foo:]' x <f
echo a | tee -i x; cat x
printf 'a b:c\n' | xargs -d: -n1
printf 'a b\nc\n' | xargs -d '\n' -n1
env - A=1 env
id -G
"""


def results(folder, lines: str, path: str) -> list[tuple]:
    """Each line's status and output, in a folder of its own."""
    environment = {"PATH": path, "LC_ALL": "C", "TZ": "UTC", "ASAN_OPTIONS": "detect_leaks=0"}
    told = []
    for index, line in enumerate(lines.strip().splitlines()):
        place = folder / str(index)
        place.mkdir(parents=True)
        subprocess.run(["bash", "-c", SETUP], cwd=place, env={**environment, "PATH": "/usr/bin:/bin"}, check=True)
        done = subprocess.run(["bash", "-c", line], cwd=place, env=environment, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=TIMEOUT)
        assert b"Sanitizer" not in done.stderr and b"runtime error" not in done.stderr, done.stderr
        told.append((line, done.returncode, done.stdout, bool(done.stderr)))
    return told


def same(tmp_path, ours, lines: str) -> None:   # noqa: F811
    mine = results(tmp_path / "mine", lines, f"{ours}:/usr/bin:/bin")
    theirs = results(tmp_path / "theirs", lines, "/usr/bin:/bin")
    differences = [pair for pair in zip(mine, theirs) if pair[0] != pair[1]]
    assert not differences


def test_options(ours, tmp_path):   # noqa: F811
    same(tmp_path, ours, LINES)


@pytest.mark.chapters("10")
def test_options_of_programs(ours, tmp_path):   # noqa: F811
    same(tmp_path, ours, LINES_10)
