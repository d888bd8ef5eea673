"""Attacks on the cache: directories and links that others can change are refused, whenever they are changed."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from staticad import config
from staticad.codegen import object_cache, trusted_directory

ATTACKER, VICTIM = 54321, 54322
as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can act for several users"
)
pytestmark = pytest.mark.skipif(os.name != "posix", reason="elsewhere there are no descriptors of directories")

# As root: the entry that the attacker would like to have loaded, made by himself; then the victim's program.
ATTACK = """
import ctypes, os, sys
from pathlib import Path
import numpy as np
from staticad import config
from staticad.codegen import jit, llvm_pipeline, loader, numba_pipeline, object_cache, recipes
from staticad.codegen.sealed import sealed
from staticad.codegen.target import host

folder, how, attacker, victim = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
right = "def kernel(args, lo, hi):\\n    p = pointer(args, 0, int64, 0, 1)\\n    store(p, 0, hi)\\n"
wrong = right.replace("hi)\\n", "666)\\n").replace("lo, 666)", "lo, hi)")
module = numba_pipeline.build(wrong, "kernel", recipes.kernel_symbol(right), host())
foreign = llvm_pipeline.object_bytes(module, host())
name = object_cache.key(recipes.recipe(right))
os.environ.pop("HOME", None)
os.environ.pop("XDG_CACHE_HOME", None)
os.environ["TMPDIR"] = str(folder)

def become(user):
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)

def plant(directory):
    # with the modes that the victim's own would have
    os.makedirs(directory / "kernels", 0o700)
    (directory / "kernels" / f"{name}.o").write_bytes(
        sealed(name, foreign)
    )
    (directory / "kernels" / f"{name}.o").chmod(0o644)
    (directory / "kernels").chmod(0o755)
    directory.chmod(0o755)

def as_attacker(act, when=None):
    child = os.fork()
    if child == 0:
        become(attacker)
        if when is not None:
            os.read(when, 1)
        act()
        os._exit(0)
    return child

def swap():
    plant(folder / "evil")
    cache.rename(folder / "away")
    cache.symlink_to(folder / "evil")

cache = folder / f"staticad-{victim}"
start, now = os.pipe()
child = None
match how:
    case "own":  # no attack: shows that the planted entry is what would be run
        plant(cache)
        victim = 0
    case "made first":
        child = as_attacker(lambda: plant(cache))
    case "link made first":
        plant(folder / "others")
        child = as_attacker(lambda: cache.symlink_to(folder / "others"))
    case "replaced later":
        child = as_attacker(swap, start)
if how != "replaced later" and child is not None:
    assert os.waitpid(child, 0)[1] == 0
if victim:
    become(victim)
config._settings = config.from_environment({} if victim else {"STATICAD_CACHE_DIR": str(cache)})
if how == "replaced later":
    object_cache.store("text", b"payload")
    assert object_cache.load("text") == b"payload"
    if not cache.exists():  # since it is refused
        os.makedirs(cache / "kernels", 0o700)
    os.write(now, b"!")
    assert os.waitpid(child, 0)[1] == 0
before = jit.compilations()
out = np.zeros(1, np.int64)
args = np.array([out.ctypes.data])
kernel = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)(loader.kernel_address(right))
kernel(args.ctypes.data, 0, 7)
print(out[0], jit.compilations() - before)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that other users reach."""
    path = Path(tempfile.mkdtemp(dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@as_root
@pytest.mark.parametrize(
    ("how", "mode", "printed", "told"),
    [
        ("own", 0o755, "666 0", ""),
        ("made first", 0o1777, "7 1", "belongs to another user"),
        ("link made first", 0o1777, "7 1", "belongs to another user"),
        ("replaced later", 0o777, "7 1", "others may write"),
    ],
)
def test_foreign_machine_code_is_not_run(folder: Path, how: str, mode: int, printed: str, told: str) -> None:
    folder.chmod(mode)
    command = [sys.executable, "-W", "error", "-c", ATTACK, str(folder), how, str(ATTACKER), str(VICTIM)]
    environment = {**os.environ, "STATICAD_CACHE": "on"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == printed
    assert done.stderr.count("staticad: ") == (1 if told else 0) and told in done.stderr


def refusal(path: Path) -> str:
    with pytest.raises(OSError) as caught:
        trusted_directory.opened(path, create=True)
    return f"{caught.value.filename}: {caught.value.strerror}"


@pytest.mark.parametrize("mode", [0o777, 0o702, 0o733])
def test_no_directory_on_the_way_is_open_to_others(tmp_path: Path, mode: int) -> None:
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)
    (tmp_path / "a").chmod(mode)
    assert refusal(tmp_path / "a" / "b" / "c").startswith(f"{tmp_path / 'a'}: others may write")
    (tmp_path / "a").chmod(mode | stat.S_ISVTX)  # nobody can rename what is not his own
    trusted_directory.opened(tmp_path / "a" / "b" / "c", create=False)
    assert refusal(tmp_path / "a").startswith(f"{tmp_path / 'a'}: others may write")  # but anybody can put files there


@as_root
@pytest.mark.parametrize("depth", range(3))
def test_no_directory_on_the_way_belongs_to_others(tmp_path: Path, depth: int) -> None:
    path = tmp_path / "a" / "b" / "c"
    path.mkdir(parents=True)
    place = [path, *path.parents][depth]
    os.chown(place, ATTACKER, ATTACKER)
    assert refusal(path) == f"{place}: it belongs to another user"


@as_root
def test_a_link_belongs_to_the_user_or_root(tmp_path: Path) -> None:
    (tmp_path / "real" / "kernels").mkdir(parents=True)
    link = tmp_path / "link"
    link.symlink_to("real")
    trusted_directory.opened(link / "kernels", create=False)
    link.unlink()
    link.symlink_to("real")
    os.lchown(link, ATTACKER, ATTACKER)
    assert refusal(link / "kernels" / "new") == f"{link}: it belongs to another user"


@pytest.mark.parametrize("target", ["data/home", "{}/data/home", "data/../data/./home", "again", "data/home/user/.."])
def test_trusted_links_are_followed(tmp_path: Path, target: str) -> None:
    (tmp_path / "data" / "home" / "user").mkdir(parents=True)
    (tmp_path / "home").symlink_to(target.format(tmp_path))
    (tmp_path / "again").symlink_to("data/home")
    directory = trusted_directory.opened(tmp_path / "home" / "user" / "cache", create=True)
    directory.write("entry", b"content")
    assert (tmp_path / "data" / "home" / "user" / "cache" / "entry").read_bytes() == b"content"
    assert directory.read("entry", 100) == b"content"


def test_what_a_link_leads_to_is_checked(tmp_path: Path) -> None:
    (tmp_path / "open" / "kernels").mkdir(parents=True)
    (tmp_path / "open").chmod(0o777)
    (tmp_path / "link").symlink_to(tmp_path / "open" / "kernels")
    assert refusal(tmp_path / "link").startswith(f"{tmp_path / 'open'}: others may write")


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    refusal(tmp_path / "a" / "kernels")


@as_root
def test_a_directory_on_the_way_need_not_be_readable(folder: Path) -> None:
    (folder / "home").mkdir()
    (folder / "home" / "user").mkdir()
    os.chown(folder / "home" / "user", VICTIM, VICTIM)
    (folder / "home").chmod(0o711)
    code = (
        "import os, sys; from pathlib import Path; from staticad.codegen.trusted_directory import opened;"
        "os.setgroups([]); os.setresgid(*[54322] * 3); os.setresuid(*[54322] * 3);"
        "opened(Path(sys.argv[1]) / 'home/user/.cache', create=True).write('entry', b'content')"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code, str(folder)], check=True)
    assert (folder / "home" / "user" / ".cache" / "entry").stat().st_uid == VICTIM


def test_what_happens_to_the_path_later_has_no_effect(tmp_path: Path) -> None:
    with config.override(cache_dir=tmp_path / "cache", cache=True):
        object_cache.store("text", b"payload")
        evil = tmp_path / "evil"
        shutil.copytree(tmp_path / "cache" / "kernels", evil)
        (tmp_path / "cache" / "kernels").rename(tmp_path / "away")
        (tmp_path / "cache" / "kernels").symlink_to(evil)
        for path in evil.glob("*.o"):
            path.unlink()
        assert object_cache.load("text") == b"payload"
        object_cache.store("other", b"payload")
        assert not list(evil.glob("*.o")) and len(list((tmp_path / "away").glob("*.o"))) == 2


@pytest.mark.parametrize("change", ["removed", "opened to others", "closed", "number given to another directory"])
def test_a_directory_is_opened_again_when_it_has_changed(tmp_path: Path, change: str) -> None:
    path = tmp_path / "kernels"
    descriptor = trusted_directory.opened(path, create=True).descriptor
    assert descriptor is not None and trusted_directory.opened(path, create=True).descriptor == descriptor
    match change:
        case "removed":
            path.rmdir()
        case "opened to others":
            path.chmod(0o777)
            refusal(path)
            path.chmod(0o700)
        case "closed":
            os.close(descriptor)
        case _:
            other = os.open(tmp_path, os.O_RDONLY)
            os.dup2(other, descriptor)
            os.close(other)
    trusted_directory.opened(path, create=True).write("entry", b"content")
    assert (path / "entry").read_bytes() == b"content"


def test_the_users_own_group_may_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a").chmod(0o770)
    group = (tmp_path / "a").stat().st_gid

    def systems(*, primary: int, name: str, members: list[str]) -> None:
        user = trusted_directory.pwd.struct_passwd(("me", "x", os.geteuid(), primary, "", "/", ""))
        monkeypatch.setattr(trusted_directory.pwd, "getpwuid", lambda _: user)
        entry = trusted_directory.grp.struct_group((name, "x", group, members))
        monkeypatch.setattr(trusted_directory.grp, "getgrgid", lambda _: entry)

    systems(primary=group, name="me", members=["me"])
    trusted_directory.opened(tmp_path / "a" / "b", create=False)
    for primary, name, members in ((group + 1, "me", []), (group, "users", []), (group, "me", ["me", "you"])):
        systems(primary=primary, name=name, members=members)
        (tmp_path / "a" / "b").rename(tmp_path / "a" / "c")
        (tmp_path / "a" / "b").mkdir()
        assert "others may write" in refusal(tmp_path / "a" / "b" / name)
        (tmp_path / "a" / "b").rmdir()
        (tmp_path / "a" / "c").rename(tmp_path / "a" / "b")
    systems(primary=group, name="me", members=[])
    monkeypatch.setattr(trusted_directory, "_has_access_list", lambda _: True)
    assert "others may write" in refusal(tmp_path / "a" / "b" / "new")


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert refusal(tmp_path / "file" / "kernels").startswith(f"{tmp_path / 'file'}: ")
    assert "x" * 300 in refusal(tmp_path / ("x" * 300))
