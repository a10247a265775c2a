"""Programs that were not made for Rung: static ones of musl and glibc, and Debian's busybox and bash, do here what they
do on the host. What is not installed is fetched (busybox, bash) or named (a C library to link with)."""
import dataclasses
import os
import pathlib
import re
import shutil
import subprocess

import pytest
from support.session import locked, once

from tools.machine import Qemu

HERE = pathlib.Path(__file__).resolve().parent
SCALE = float(os.environ.get("RUNG_TIMEOUT_SCALE", "1"))
PROGRAMS = sorted(path.stem for path in (HERE / "foreign").glob("*.c"))
MUSL_INCLUDE, MUSL = pathlib.Path("/usr/include/x86_64-linux-musl"), pathlib.Path("/usr/lib/x86_64-linux-musl")
ENVIRONMENT = {"FOREIGN": "yes", "PATH": "/bin:/usr/bin", "HOME": "/"}

pytestmark = pytest.mark.chapters("10")

# Each is run by busybox's shell, here and there, and has to print the same and end with the same status.
SCRIPTS = {
    "arithmetic": "i=0; while [ $i -lt 200 ]; do i=$((i + 7)); done; echo $i",
    "substitution": "x=$(echo one; echo two); echo \"$x\" | wc -l; echo `echo nested $(echo deep)`",
    "pipeline": "seq 1000 | grep 7 | sed 's/7/seven/' | sort -r | head -n 20 | tr a-z A-Z | tail -n 3",
    "functions": "f() { local n=$1; [ $n -le 1 ] && { echo 1; return; }; echo $((n * $(f $((n - 1))))); }; f 10",
    "case": "for w in apple bean cherry; do case $w in a*) echo A;; *e*) echo E;; esac; done",
    "here": "cat <<END | rev\nhello\nworld $((6 * 7))\nEND\n",
    "files": "mkdir d; cd d; for i in 1 2 3; do echo $i > f$i; done; ls | cat; cat f*; rm f2; ls -1; cd ..; rm -r d; ls d",
    "find": "mkdir -p t/a/b t/c; touch t/a/x t/a/b/y t/c/z; find t -type f | sort; find t -name 'b*'; rm -r t",
    "sed": "printf 'a b c\\nd e f\\n' | sed -n -e 's/\\(.\\) \\(.\\)/\\2 \\1/p' -e '$='",
    "awk": "seq 10 | awk '{ s += $1 * $1; a[$1 % 3]++ } END { printf \"%d %.3f %d %d\\n\", s, s / 7, a[0], a[1] }'",
    "sort": "printf 'b 2\\na 10\\nc 1\\n' | sort; printf 'b 2\\na 10\\nc 1\\n' | sort -k2 -n",
    "tar": "mkdir t; echo one > t/1; echo two > t/2; ln -s 1 t/3; tar cf t.tar t; rm -r t; tar xf t.tar; "
           "tar tf t.tar | sort; cat t/1 t/3; readlink t/3; rm -r t t.tar",
    "gzip": "seq 2000 > n; gzip n; gunzip < n.gz | md5sum; rm n.gz",
    "redirection": "ls /none 2>&1 >/dev/null | wc -l; (echo out; echo err >&2) 2>/dev/null",
    "traps": "trap 'echo left' EXIT; (trap 'echo term; exit 3' TERM; sh -c 'kill -TERM $PPID'; echo no); echo $?",
    "background": "sleep 0.1 & wait $!; echo $?; (exit 5) & wait $!; echo $?",
    "xargs": "seq 5 | xargs -n 2 echo; echo a b | xargs -I{} echo '<{}>'",
    "dd": "dd if=/dev/zero bs=1000 count=3 2>/dev/null | wc -c; printf abc | od -c | head -n 1",
    "tests": "[ -d /tmp ] && [ ! -e /none ] && [ 3 -gt 2 ] && echo yes; test a = b; echo $?",
    "read": "printf '1 2\\n3 4\\n' | while read a b; do echo $((a + b)); done; IFS=: read x y <<E\np:q r\nE\necho $y",
    "diff": "echo a > 1; echo b > 2; diff 1 2; echo $?; cmp 1 1 && rm 1 2",
    "status": "false; echo $?; nosuchcommand 2>/dev/null; echo $?; sh -c 'kill -9 $$'; echo $?",
    "printf": "printf '%5d|%-5s|%x|%o\\n' 42 ab 255 8; expr 6 \\* 7; basename /a/b.c .c",
    "vi": "printf 'one two\\n' > v; printf ':%%s/two/2/\\n:wq\\n' > k; vi -c ':%s/two/2/' -c ':wq' v < /dev/null "
          "> /dev/null 2>&1; cat v; rm v k",
}

# The same for bash.
BASH_SCRIPTS = {
    "arrays": r"""
a=(one "two words" three); a+=(four); echo "${#a[@]} ${a[1]} ${a[-1]} ${a[@]:1:2}"; unset 'a[0]'; echo "${!a[@]}"
declare -A m=([x]=1 [y]=2); m[z]=3; for k in "${!m[@]}"; do echo "$k=${m[$k]}"; done | sort
mapfile -t l < <(printf '%s\n' p q r); echo "${#l[@]} ${l[2]}"
s="Hello World"; echo "${s,,} ${s^^} ${s/World/There} ${s:6:3} ${#s} ${s%o*} ${s##*o} ${s@Q}"
""",
    "processes": r"""
cat <(echo one) <(echo two; echo three); while read -r x; do echo "got $x"; done < <(printf '1\n2\n')
wc -l < <(seq 20) | tr -d ' '; echo through > >(tr a-z A-Z); wait $!
cat <<< "here ${BASH_VERSION:+string}"; read -r a b <<< "3 4"; echo $((a * b))
coproc { while read -r x; do echo "co $x"; done; }; echo hi >&"${COPROC[1]}"; read -r r <&"${COPROC[0]}"; echo "$r"
exec {COPROC[1]}>&-; wait; exec 5<> file; echo data >&5; exec 5>&-; cat file; rm file
set -o pipefail; false | true; echo "pipe $?"; (exit 7) | true; echo "${PIPESTATUS[0]}"
""",
    "control": r"""
set -m; sleep 100 & kill -STOP %1; wait %1; echo "stopped $?"; jobs | cut -c1-12
kill -CONT %1; kill %1; wait %1; echo "ended $?"
sleep 0.1 & wait -n; echo "next $?"; trap 'echo usr1' USR1; kill -USR1 $$; trap 'echo leaving' EXIT
read -t 0.1 x < <(sleep 30); echo $(( $? > 128 )); f() { local IFS=,; echo "$*"; return 3; }; f 1 2 3; echo $?
[[ abc =~ ^a(.)c$ ]] && echo "${BASH_REMATCH[1]}"
for ((i = 0; i < 3; i++)); do printf '%d ' $((i ** 2)); done; echo {1..3}{x,y}
printf -v v '%05.1f' 3.14159; echo "$v"; printf '%q %(%Y)T\n' "a b'c" 0; echo $((0x1f + 2#101))
select x in a b; do echo "$x"; break; done <<< 2
shopt -s extglob nullglob
cd /; echo !(*[a-z]*) ho!(x)e; ulimit -s; umask; (ulimit -c 0; echo $?); type -t cd cat; echo "$EUID" "${#PPID}" | wc -w
""",
}

PACKAGES = ["busybox-static", "bash-static"]


def fetch_packages(shared: pathlib.Path) -> pathlib.Path:
    """A folder with Debian's packages unpacked (to install them might take others away)."""
    folder = shared / "packages"
    with locked(shared / "packages.lock"):
        if not folder.exists():
            if not shutil.which("apt-get"):
                pytest.skip(f"{PACKAGES} are fetched with apt-get, which is not there")
            part = shared / "packages.part"
            shutil.rmtree(part, ignore_errors=True)
            (part / "lists/partial").mkdir(parents=True)
            for path in (part, part / "lists", part / "lists/partial"):
                path.chmod(0o777)       # apt-get fetches as somebody else
            own = ["-o", f"Dir::State::lists={part}/lists"]
            # With the system's list of packages; if that is old or not there, with one of our own.
            for options, command in (([], ["download", *PACKAGES]), (own, ["update"]),
                                     (own, ["download", *PACKAGES])):
                done = subprocess.run(["apt-get", "-q", *options, *command], cwd=part, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, text=True, check=False)
                packages = list(part.glob("*.deb"))
                if len(packages) == len(PACKAGES):
                    break
            else:
                pytest.skip(f"{PACKAGES} cannot be fetched: {done.stdout}")
            for package in packages:
                subprocess.run(["dpkg-deb", "-x", package, part], check=True)
            part.rename(folder)
    return folder


def compile_static(libc: str, name: str, target: pathlib.Path) -> None:
    """Build tests/user/foreign/NAME.c as a static program with a C library of the host."""
    clang = "clang" + os.environ.get("LLVM", "")

    def asked(option: str) -> str:
        return subprocess.run([clang, option], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()

    source = HERE / "foreign" / f"{name}.c"
    if libc == "glibc":
        command = [clang, "-static", "-D_GNU_SOURCE", "-O2", source, "-lm"]
    else:
        command = [clang, "-static", "-nostdlib", "-nostdinc", "-isystem", MUSL_INCLUDE, "-isystem",
                   asked("-print-resource-dir") + "/include", "-D_GNU_SOURCE", "-O2", MUSL / "crt1.o", MUSL / "crti.o",
                   source, MUSL / "libc.a", asked("-print-libgcc-file-name"), MUSL / "crtn.o"]
    subprocess.run([*command, "-o", target], check=True, stderr=subprocess.PIPE)


@dataclasses.dataclass(frozen=True)
class Foreign:
    """A folder that is put over the root file system: /foreign/PROGRAM-LIBC, busybox, bash, scripts."""
    root: pathlib.Path

    @property
    def folder(self) -> pathlib.Path:
        return self.root / "foreign"


def prepare(shared: pathlib.Path) -> str:
    root = shared / "foreign"
    folder = root / "foreign"
    folder.mkdir(parents=True)
    for name in PROGRAMS:
        for libc in ("glibc", "musl"):
            compile_static(libc, name, folder / f"{name}-{libc}")
    for program, name in (("busybox", "busybox"), ("bash-static", "bash")):
        shutil.copy(next(fetch_packages(shared).glob(f"**/bin/{program}")), folder / name)
    for name, text in [*SCRIPTS.items(), *BASH_SCRIPTS.items()]:
        (folder / f"{name}.sh").write_text(text + "\n")
    # What the guest does: each command in a folder of its own, its output between two marks.
    lines = ["mkdir /tmp/work", "cd /tmp/work"]
    for title, command in commands(pathlib.Path("/foreign")).items():
        lines += [f"echo '=== {title}'", f"{command} < /dev/null", "echo \"=== $?\""]
    (folder / "all.sh").write_text("\n".join([*lines, "echo ===", "sync", "poweroff", ""]))
    return str(root)


def commands(folder: pathlib.Path) -> dict[str, str]:
    """All that is compared, by name."""
    found = {f"{name}-{libc}": f"{folder}/{name}-{libc} first 'second one'" for name in PROGRAMS
             for libc in ("glibc", "musl")}
    found |= {f"busybox-{name}": f"{folder}/busybox sh {folder}/{name}.sh" for name in SCRIPTS}
    return found | {f"bash-{name}": f"{folder}/bash {folder}/{name}.sh" for name in BASH_SCRIPTS}


@pytest.fixture
def foreign(builder) -> Foreign:
    """The folder, made once."""
    if not (MUSL / "libc.a").exists():
        pytest.skip("musl is not installed: make setup")
    return Foreign(pathlib.Path(once(builder.shared, "foreign", lambda: prepare(builder.shared))))


def run_guest(builder, chapter, foreign: Foreign) -> dict:
    """All commands in one boot: output and status of each."""
    build = builder.build(chapter, ROOT_EXTRA=foreign.root)
    with Qemu(build.image, symbols=build.kernel) as machine:
        machine.serial.fail = re.compile(r"^panic: ", re.MULTILINE)
        machine.serial.expect(r"(?m)^/# $", 60 * SCALE)
        machine.serial.send("export FOREIGN=yes; sh /foreign/all.sh 2>/dev/null\r")
        try:
            machine.serial.expect(r"(?m)^===\n", 240 * SCALE)
            problem = ""
        except Exception as error:  # each command says what it found
            problem = str(error)
        text = machine.serial.text()
    parts = re.findall(r"(?ms)^=== (\S+)\n(.*?)^=== (\d+)\n", text)
    return {"problem": problem, "tail": text[-1500:]} | {name: [output, status] for name, output, status in parts}


def run_host(foreign: Foreign, title: str, tmp_path: pathlib.Path) -> tuple[str, str]:
    """The same command here; busybox's own commands come first there, and so they do here (for bash, as Rung's)."""
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    busybox = foreign.folder / "busybox"
    if title.startswith(("busybox-", "bash-")):
        subprocess.run([busybox, "--install", "-s", bin_folder], check=True)
    work = tmp_path / "work"
    work.mkdir()
    done = subprocess.run(["sh", "-c", commands(foreign.folder)[title]], cwd=work, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False, timeout=60,
                          env={**ENVIRONMENT, "PATH": f"{bin_folder}:{ENVIRONMENT['PATH']}"})
    return done.stdout, str(done.returncode)


TITLES = list(commands(pathlib.Path("/foreign")))


@pytest.mark.parametrize("title", TITLES)
def test_as_on_the_host(builder, chapter, foreign, tmp_path, title: str) -> None:
    """A static program built for Linux prints and returns in Rung what it does there."""
    guest = once(builder.shared, f"foreign {chapter}", lambda: run_guest(builder, chapter, foreign))
    assert title in guest, f"did not end; {guest['problem']}\n{guest['tail']}"
    output, status = run_host(foreign, title, tmp_path)
    assert guest[title] == [output, status]


def test_interactive_busybox(boot, builder, chapter, foreign) -> None:
    """Busybox's shell at the terminal: its prompt and line editor, Ctrl-C ends a command, Ctrl-Z stops a job."""
    machine = boot(builder.build(chapter, ROOT_EXTRA=foreign.root).image)
    machine.serial.expect(r"(?m)^/# $")
    machine.serial.send("/foreign/busybox sh\r")
    machine.serial.expect("BusyBox")
    prompt = r"~ # (?:\x1b\[6n)?$"
    machine.serial.expect(prompt)
    machine.serial.send("echo $((6*7))\r")
    machine.serial.expect(r"\n42\n")
    machine.serial.expect(prompt)
    # It says when it has begun: keys before that are the shell's.
    command = "sh -c 'echo be''gun; exec sleep 1000'"
    for key, shown in (("\x03", r"(?m)^130$"), ("\x1a", "Stopped")):
        machine.serial.send(command + "\r")
        machine.serial.expect(r"(?m)^begun$")
        machine.serial.send(key)
        if key == "\x03":
            machine.serial.expect(prompt)
            machine.serial.send("echo $?\r")
        machine.serial.expect(shown)
        machine.serial.expect(prompt)
    machine.serial.send("jobs; kill -9 %1\r")
    machine.serial.expect("Stopped +sh -c")
    machine.serial.expect(prompt)


def test_interactive_bash(boot, builder, chapter, foreign) -> None:
    """Bash at the terminal: editing, history and completion by its readline, Ctrl-C, and jobs that stop and go on."""
    machine = boot(builder.build(chapter, ROOT_EXTRA=foreign.root).image)
    machine.serial.expect(r"(?m)^/# $")
    machine.serial.send("/foreign/bash --norc\r")
    prompt = r"bash-[\d.]+# $"
    machine.serial.expect(prompt)
    # Up, Home, a word taken away, another one in its place, End, more; then a path to be completed.
    for line, shown in (("echo old text\r", "old text\n"), ("\x1b[A\x01\x1bf\x1bd new\x1b[F s\r", r"(?m)^new text s$"),
                        ("cat /etc/hostn\t\r", r"(?m)^rung$"), ("\x12old\r", "old text\n"),
                        ("read -s x; echo $x$x\rsecret\r", "secretsecret")):
        machine.serial.send(line)
        machine.serial.expect(shown)
        machine.serial.expect(prompt)
    command = "sh -c 'echo be''gun; exec sleep 1000'"
    for line, key, shown in ((command, "\x03", ""), ("echo $?", "", r"(?m)^130$"), (command, "\x1a", "Stopped"),
                             ("bg", "", "&"), ("jobs", "", "Running")):
        machine.serial.send(line + "\r")
        if key:
            machine.serial.expect(r"(?m)^\S*begun$")
            machine.serial.send(key)
        machine.serial.expect(shown)
        machine.serial.expect(prompt)
    machine.serial.send("fg\r")
    machine.serial.expect(r"fg\s+\S*sh -c .*\n")
    machine.wait_halted()       # it says so before it gives the terminal away
    machine.serial.send("\x03")
    machine.serial.expect(prompt)
    machine.serial.send("jobs; echo none; exit\r")
    machine.serial.expect(r"\S*none\n")
    machine.serial.expect(r"(?m)^/# $")
