"""Directories whose files this process may run: opened by descriptor, and nobody but the user and root can change them.

Who can put a file there runs code as the user. So a path is walked from the root, as ``sshd`` does with its
``StrictModes``: every directory and every link on the way belongs to the user or to root, and others may not write to
it, unless it is sticky (where they cannot rename what is not theirs). Each step is opened relative to the one before
and checked when it is open, and names are looked up in what was opened: what others do to the path later has no effect.

Where the system has no descriptors of directories (Windows) a path is used as it is: there the user's profile, with all
that is in it, is private unless the user wants it otherwise.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from contextlib import suppress
from pathlib import Path

from staticad.records import dataclass

_POSIX = os.name == "posix"
if _POSIX:
    import grp
    import pwd

_FOREIGN = "it belongs to another user"
_LINKS = 40  # so many may be on the way, as in the kernel
_TOUCH_SECONDS = 3600  # how exactly the time of the last use is known
# O_PATH needs no permission to read: many a /home can only be searched.
_STEP = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_PATH", os.O_RDONLY)
_FILE = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


_held: dict[tuple[Path, int], tuple[int, os.stat_result]] = {}  # by path and user: descriptors, and of what


@dataclass(frozen=True)
class Directory:
    """An open directory that was found to be trusted. All methods raise OSError."""

    path: Path
    descriptor: int | None

    def open(self, name: str, flags: int) -> tuple[int, os.stat_result]:
        """Open a file, which has to be a regular one that only the user and root can change, under one name only."""
        descriptor = os.open(self._at(name), flags | _FILE, dir_fd=self.descriptor)
        try:
            status = os.fstat(descriptor)
            fault = _fault_of_file(status)
            if fault:
                raise _refusal(fault, self.path / name)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor, status

    def read(self, name: str, most: int) -> bytes:
        """What a file of at most ``most`` bytes holds. It now counts as used."""
        descriptor, status = self.open(name, os.O_RDONLY)
        try:
            if status.st_size > most:
                raise _refusal(f"it has more than {most} bytes", self.path / name)
            if abs(time.time() - status.st_mtime) > _TOUCH_SECONDS and os.utime in os.supports_fd:
                with suppress(OSError):  # the directory may be for reading only
                    os.utime(descriptor)
            return os.read(descriptor, status.st_size)
        finally:
            os.close(descriptor)

    def write(self, name: str, content: bytes) -> None:
        """Write a file that is private to the user, in one step for all who read it."""
        temporary = f".{os.urandom(8).hex()}.tmp"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FILE
        descriptor = os.open(self._at(temporary), flags, 0o600, dir_fd=self.descriptor)
        try:
            with os.fdopen(descriptor, "wb") as file:
                if _POSIX:
                    os.fchmod(descriptor, 0o600)  # whatever the umask
                file.write(content)
            os.replace(self._at(temporary), self._at(name), src_dir_fd=self.descriptor, dst_dir_fd=self.descriptor)
        except BaseException:
            self.remove(temporary)
            raise

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        with suppress(FileNotFoundError):
            os.unlink(self._at(name), dir_fd=self.descriptor)

    def names(self) -> list[str]:
        """What is in the directory."""
        if self.descriptor is None:
            return os.listdir(self.path)
        descriptor = os.open(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=self.descriptor)
        try:
            return os.listdir(descriptor)
        finally:
            os.close(descriptor)

    def status(self, name: str) -> os.stat_result:
        """What the system knows of a file, or of a link itself."""
        return os.stat(self._at(name), dir_fd=self.descriptor, follow_symlinks=False)

    def _at(self, name: str) -> str:
        return name if self.descriptor is not None else str(self.path / name)


def opened(path: Path, *, create: bool) -> Directory:
    """The directory at an absolute path, which stays open. Raises OSError, also if it is not trusted.

    With ``create`` what is missing of the path is made, for the user alone.
    """
    if not _POSIX:
        if create:
            path.mkdir(parents=True, exist_ok=True)
        return Directory(path, None)
    who = path, os.geteuid()
    held = _held.get(who)
    if held is None or not _is_still(*held):
        descriptor = _walk(path, create)
        held = _held[who] = descriptor, os.fstat(descriptor)
    return Directory(path, held[0])


def _is_still(descriptor: int, then: os.stat_result) -> bool:
    """Whether a descriptor still is that of the directory that was opened: it may have been removed, or made open to
    others, and daemons close whatever is open, so that the number can be that of another file."""
    try:
        now = os.fstat(descriptor)
    except OSError:
        return False
    same = (now.st_dev, now.st_ino, now.st_uid) == (then.st_dev, then.st_ino, then.st_uid)
    return same and now.st_nlink > 0 and now.st_mode == then.st_mode


def _walk(path: Path, create: bool) -> int:
    place, rest = Path(os.sep), list(reversed(path.parts[1:]))
    links = 0
    descriptor = os.open(os.sep, _STEP)
    try:
        _check_directory(descriptor, place, last=not rest)
        while rest:
            name = rest.pop()
            try:
                step = _enter(name, descriptor, create)
                if isinstance(step, str):
                    links += 1
                    if links > _LINKS:
                        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
                    # Of an absolute path the first part is the root, which this step enters.
                    rest.extend(reversed(Path(step).parts))
                    continue
            except OSError as error:
                raise OSError(error.errno, error.strerror, str(place / name)) from None
            descriptor, before = step, descriptor
            os.close(before)
            place = place.parent if name == os.pardir else place / name
            _check_directory(descriptor, place, last=not rest)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _enter(name: str, parent: int, create: bool) -> int | str:
    """Descriptor of a directory in ``parent``; of a link, where it leads."""
    try:
        return os.open(name, _STEP, dir_fd=parent)
    except FileNotFoundError:
        if not create:
            raise
    except OSError:
        # A link is refused with one error or another; what is neither a directory nor a link is an error here.
        status = os.stat(name, dir_fd=parent, follow_symlinks=False)
        if not stat.S_ISLNK(status.st_mode):
            raise
        if _is_foreign(status):
            raise _refusal(_FOREIGN, Path(name)) from None
        return os.readlink(name, dir_fd=parent)
    try:
        os.mkdir(name, 0o700, dir_fd=parent)
    except FileExistsError:
        pass  # another process was faster; whose it is will be checked
    else:
        os.chmod(name, 0o700, dir_fd=parent)  # whatever the umask; nobody else can have replaced it
    return os.open(name, _STEP, dir_fd=parent)


def _check_directory(descriptor: int, place: Path, *, last: bool) -> None:
    status = os.fstat(descriptor)
    if _is_foreign(status):
        raise _refusal(_FOREIGN, place)
    sticky = status.st_mode & stat.S_ISVTX and not last
    if status.st_mode & 0o022 and not sticky and not _own_group_writes(status, descriptor):
        raise _refusal("others may write to it ('chmod go-w' ends that)", place)


def _fault_of_file(status: os.stat_result) -> str:
    if not stat.S_ISREG(status.st_mode):
        return "it is no regular file"
    if not _POSIX:
        return ""
    if _is_foreign(status):
        return _FOREIGN
    if status.st_mode & 0o022:
        return "others may write to it"
    return "" if status.st_nlink == 1 else "it has another name"


def _is_foreign(status: os.stat_result) -> bool:
    return status.st_uid not in (0, os.geteuid())


def _own_group_writes(status: os.stat_result, descriptor: int) -> bool:
    """Whether it is only by a group of the user's own, as some systems make one for everybody, that more than the owner
    may write. A list of access rights can hide behind the same bits."""
    if status.st_mode & 0o002:
        return False
    try:
        user, group = pwd.getpwuid(os.geteuid()), grp.getgrgid(status.st_gid)
    except KeyError:
        return False
    own = status.st_gid == user.pw_gid and group.gr_name == user.pw_name and {*group.gr_mem} <= {user.pw_name}
    return own and not _has_access_list(descriptor)


def _has_access_list(descriptor: int) -> bool:
    if not hasattr(os, "getxattr"):
        return False
    try:
        readable = os.open(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=descriptor)
        try:
            os.getxattr(readable, "system.posix_acl_access")
        finally:
            os.close(readable)
    except OSError as error:
        return error.errno not in (errno.ENODATA, errno.ENOTSUP)
    return True


def _refusal(reason: str, place: Path) -> OSError:
    return PermissionError(errno.EPERM, reason, str(place))
