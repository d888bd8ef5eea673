"""Settings: every ``STATICAD_*`` variable in one table, read from the environment once.

Code reads the values with :func:`settings` and changes them for a while with :func:`override`; both act on
the whole process.
"""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from staticad.errors import ConfigError
from staticad.records import dataclass

IMPORTED = time.time()
_TRUE = ("1", "on", "true", "yes")
_FALSE = ("0", "off", "false", "no")


@dataclass(frozen=True)
class Settings:
    """The values in force. One field per row of :data:`TABLE`."""

    cache_dir: Path
    cache: bool
    cache_limit: int
    programs: bool
    codegen: str
    threads: int
    tape_limit: int | None
    flush_subnormals: bool
    float64: str
    progress: bool
    tracebacks: str
    verify: bool
    debug: int


@dataclass(frozen=True)
class Setting:
    """One row of the table: the field of :class:`Settings`, how to read and check it, what it means."""

    field: str
    parse: Callable[[str], Any]
    check: Callable[[Any], bool]
    default: Callable[[], Any]
    expects: str
    meaning: str

    @property
    def variable(self) -> str:
        """Name of the environment variable."""
        return f"STATICAD_{self.field.upper()}"

    def checked(self, value: Any) -> Any:
        """``value``, or ConfigError when it is not allowed."""
        if not self.check(value):
            raise ConfigError(f"setting {self.field} (environment {self.variable}): {value!r} is not {self.expects}")
        return value

    def read(self, environment: Mapping[str, str]) -> Any:
        """The value that the environment gives, else the default. Raises ConfigError."""
        text = environment.get(self.variable, "").strip()
        if not text:
            return self.default()
        try:
            value = self.parse(text)
        except (ValueError, OSError, RuntimeError) as error:
            message = f"environment {self.variable}: {text!r} is not {self.expects}"
            raise ConfigError(message) from error
        return self.checked(value)


def _parse_switch(text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise ValueError(text)


def _parse_directory(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _is_switch(value: Any) -> bool:
    return isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 1024


def _parse_bytes(text: str) -> int:
    """A number of bytes, or of KiB, MiB, GiB or TiB where it ends in K, M, G or T."""
    power = "KMGT".find(text[-1].upper()) + 1
    return int(text[:-1] if power else text) << 10 * power


def _is_bytes(value: Any) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and 0 < value <= sys.maxsize)


def _is_level(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 4


def default_cache_dir() -> Path:
    """The user's cache directory of this platform; without a home, one named by the user in the temporary directory.

    Whether it can be trusted is checked when it is used.
    """
    if sys.platform not in ("darwin", "win32"):
        configured = Path(os.environ.get("XDG_CACHE_HOME", ""))
        if configured.is_absolute():  # its specification says to ignore others
            return configured / "staticad"
    home = _home()
    if home is None:
        user = os.getuid() if hasattr(os, "getuid") else "user"
        return _temporary_directory() / f"staticad-{user}"
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "staticad"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "staticad" / "Cache"
    return home / ".cache" / "staticad"


def _home() -> Path | None:
    if os.environ.get("HOME") == "":
        return None  # Python would take the root
    try:
        home = Path.home()
    except RuntimeError:
        return None
    return home if home.is_absolute() else None


def _temporary_directory() -> Path:
    # `tempfile` would try them by writing a file.
    named = (Path(os.environ.get(variable, "")) for variable in ("TMPDIR", "TEMP", "TMP"))
    return next((directory for directory in named if directory.is_absolute()), Path("/tmp").absolute())


def usable_cores() -> int:
    """Cores that this process may use: its CPU affinity, cut by the quota of its control group if there is one."""
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    try:
        quota, period = Path("/sys/fs/cgroup/cpu.max").read_text("utf-8").split()
        if quota != "max":
            cores = min(cores, math.ceil(int(quota) / int(period)))
    except (OSError, ValueError):
        pass  # no control groups here: the affinity stands
    return max(1, cores)


def _switch(field: str, default: bool, meaning: str) -> Setting:
    """A setting that is on or off."""
    return Setting(
        field=field,
        parse=_parse_switch,
        check=_is_switch,
        default=lambda: default,
        expects="a switch (1/0, on/off, true/false, yes/no)",
        meaning=f"{meaning}; default: {'on' if default else 'off'}",
    )


def _choice(field: str, choices: tuple[str, ...], meaning: str) -> Setting:
    """A setting that is one of some words; without a setting the first."""
    *others, last = (f'"{choice}"' for choice in choices)
    return Setting(
        field=field,
        parse=str.lower,
        check=lambda value: value in choices,
        default=lambda: choices[0],
        expects=f"{', '.join(others)} or {last}",
        meaning=f"{meaning}; default: {choices[0]}",
    )


TABLE: tuple[Setting, ...] = (
    Setting(
        field="cache_dir",
        parse=_parse_directory,
        check=lambda value: isinstance(value, Path) and "\0" not in str(value),
        default=default_cache_dir,
        expects="a directory",
        meaning="where compiled kernels are kept between processes; default: the user's cache directory",
    ),
    _switch("cache", True, "keep compiled kernels on disk"),
    Setting(
        field="cache_limit",
        parse=_parse_bytes,
        check=lambda value: value is not None and _is_bytes(value),
        default=lambda: 1 << 30,
        expects="a number of bytes above 0",
        meaning="bytes that compiled kernels may take on disk, such as 500M; those used least recently are removed; "
        "default: 1G",
    ),
    _switch(
        "programs",
        True,
        "keep whole compiled programs beside the kernels, so that a graph that was compiled before is loaded",
    ),
    _choice(
        "codegen",
        ("assembled", "numba"),
        "how kernels become machine code: assembled from pieces that Numba has made once, or compiled by Numba "
        "one by one, which takes longer and gives the same numbers",
    ),
    Setting(
        field="threads",
        parse=int,
        check=_is_count,
        default=usable_cores,
        expects="a number of threads from 1 to 1024",
        meaning="threads that large kernels are cut over; 1 starts none; default: the cores this process may use",
    ),
    Setting(
        field="tape_limit",
        parse=_parse_bytes,
        check=_is_bytes,
        default=lambda: None,
        expects="a number of bytes above 0",
        meaning="bytes that while loops of a session may record for their derivatives, such as 4000000000 or 4G; "
        "default: three quarters of the memory that is available",
    ),
    _switch(
        "flush_subnormals",
        False,
        "sessions that are compiled compute with zeros in the place of subnormal numbers",
    ),
    _choice(
        "float64",
        ("warn", "error", "weak", "allow"),
        "where float32 becomes float64 by NumPy's rules: a warning, an error, or nothing (allow); weak: NumPy's "
        "scalars take the dtype of tensors, as Python's numbers do",
    ),
    _switch(
        "progress",
        True,
        "a line on stderr, if that is a terminal, while something is compiled for longer than a second",
    ),
    _choice(
        "tracebacks",
        ("short", "full"),
        "what a traceback shows of an error that this package raises: the user's lines, or its own as well",
    ),
    _switch("verify", False, "check every graph before and after every rewrite"),
    Setting(
        field="debug",
        parse=int,
        check=_is_level,
        default=lambda: 0,
        expects="a level from 0 to 4",
        meaning="print to stderr: 1 plans and cache trouble, 2 rewrites, 3 clusters and kernels, 4 timings; default: 0",
    ),
)


def from_environment(environment: Mapping[str, str]) -> Settings:
    """The settings that ``environment`` describes. Raises ConfigError for a value that a setting cannot have."""
    return Settings(**{setting.field: setting.read(environment) for setting in TABLE})


_settings = from_environment(os.environ)


def settings() -> Settings:
    """The settings in force in this process."""
    return _settings


@contextmanager
def override(**changes: Any) -> Iterator[Settings]:
    """Change settings inside a ``with`` block, for the whole process: ``with override(threads=1, cache=False):``.

    ``cache_dir`` may be a string. Raises ConfigError for an unknown name or a value that is not allowed.
    """
    global _settings
    rows = {setting.field: setting for setting in TABLE}
    unknown = sorted(set(changes) - {field.name for field in fields(Settings)})
    if unknown:
        raise ConfigError(f"no setting is called {unknown[0]!r}; there are {', '.join(rows)}")
    if isinstance(changes.get("cache_dir"), str):
        changes["cache_dir"] = _parse_directory(changes["cache_dir"])
    before = _settings
    _settings = replace(before, **{name: rows[name].checked(value) for name, value in changes.items()})
    try:
        yield _settings
    finally:
        _settings = before


def note(level: int, message: str | Callable[[], str]) -> None:
    """Print ``message``, or what it makes, to stderr when the debug setting is at least ``level``. Never fails."""
    if _settings.debug >= level and sys.stderr is not None:
        text = f"staticad: {message if isinstance(message, str) else message()}"
        with suppress(OSError, ValueError):  # closed, or nobody reads it
            print(text, file=sys.stderr)


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print at debug level 4 how long the ``with`` block took."""
    start = time.perf_counter()
    try:
        yield
    finally:
        note(4, lambda: f"{what}: {(time.perf_counter() - start) * 1e3:.2f} ms")
