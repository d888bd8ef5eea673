"""Settings: the environment is read and checked, overrides end with their block."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from staticad import config
from staticad.errors import ConfigError


def test_every_setting_has_a_row_with_a_meaning() -> None:
    assert [setting.field for setting in config.TABLE] == [field.name for field in fields(config.Settings)]
    assert all(setting.meaning and setting.variable.startswith("STATICAD_") for setting in config.TABLE)


def test_defaults() -> None:
    values = config.from_environment({})
    assert values.cache is True
    assert values.verify is False
    assert values.flush_subnormals is False
    assert values.debug == 0
    assert values.tape_limit is None
    assert 1 <= values.threads <= (os.cpu_count() or 1)
    assert values.cache_dir.is_absolute()


def test_environment_is_read(tmp_path: Path) -> None:
    values = config.from_environment(
        {
            "STATICAD_CACHE_DIR": str(tmp_path),
            "STATICAD_CACHE": "off",
            "STATICAD_CACHE_LIMIT": "500M",
            "STATICAD_THREADS": " 3 ",
            "STATICAD_PROGRAMS": "no",
            "STATICAD_CODEGEN": "numba",
            "STATICAD_TAPE_LIMIT": "123456",
            "STATICAD_FLUSH_SUBNORMALS": "yes",
            "STATICAD_FLOAT64": "Weak",
            "STATICAD_PROGRESS": "off",
            "STATICAD_TRACEBACKS": "full",
            "STATICAD_VERIFY": "1",
            "STATICAD_DEBUG": "4",
        }
    )
    assert values == config.Settings(
        cache_dir=tmp_path,
        cache=False,
        cache_limit=500 << 20,
        programs=False,
        codegen="numba",
        threads=3,
        tape_limit=123456,
        flush_subnormals=True,
        float64="weak",
        progress=False,
        tracebacks="full",
        verify=True,
        debug=4,
    )


@pytest.mark.parametrize(
    ("text", "size"), [("7", 7), ("3K", 3 << 10), ("2m", 2 << 20), ("4G", 4 << 30), ("1T", 1 << 40)]
)
def test_numbers_of_bytes(text: str, size: int) -> None:
    assert config.from_environment({"STATICAD_TAPE_LIMIT": text}).tape_limit == size


def test_an_empty_variable_is_the_default() -> None:
    assert config.from_environment({"STATICAD_THREADS": ""}) == config.from_environment({})


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("STATICAD_THREADS", "0"),
        ("STATICAD_THREADS", "-1"),
        ("STATICAD_THREADS", "many"),
        ("STATICAD_TAPE_LIMIT", "0"),
        ("STATICAD_TAPE_LIMIT", "-3"),
        ("STATICAD_TAPE_LIMIT", "G"),
        ("STATICAD_TAPE_LIMIT", "1.5"),
        ("STATICAD_CACHE", "maybe"),
        ("STATICAD_CACHE_LIMIT", "0"),
        ("STATICAD_VERIFY", "2"),
        ("STATICAD_DEBUG", "5"),
        ("STATICAD_DEBUG", "1.5"),
    ],
)
def test_a_bad_value_names_the_variable(variable: str, text: str) -> None:
    with pytest.raises(ConfigError, match=f"{variable}.*{text}"):
        config.from_environment({variable: text})


@pytest.mark.skipif(sys.platform in ("darwin", "win32"), reason="the variable belongs to the XDG specification")
@pytest.mark.parametrize("configured", ["", "cache", "./cache", "~/cache"])
def test_a_relative_xdg_cache_home_is_ignored(configured: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/somebody")
    monkeypatch.setenv("XDG_CACHE_HOME", configured)
    assert config.default_cache_dir() == Path("/home/somebody/.cache/staticad")
    monkeypatch.setenv("XDG_CACHE_HOME", "/elsewhere")
    assert config.default_cache_dir() == Path("/elsewhere/staticad")


@pytest.mark.parametrize("home", [None, "", "here"])
def test_without_a_home_the_cache_is_in_the_temporary_directory(
    home: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown() -> Path:
        raise RuntimeError("Could not determine home directory.")

    if home is None:
        monkeypatch.delenv("HOME", raising=False)
        monkeypatch.setattr(config.Path, "home", unknown)
    else:
        monkeypatch.setenv("HOME", home)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    for variable, directory in (("TEMP", "there"), ("TMPDIR", str(tmp_path))):
        monkeypatch.setenv(variable, directory)
        assert config.default_cache_dir().is_absolute()
    assert config.default_cache_dir().parent == tmp_path


def test_the_environment_counts_at_import() -> None:
    code = "from staticad import config; print(config.settings().threads)"
    environment = {**os.environ, "STATICAD_THREADS": "7"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "7"


def test_override_ends_with_its_block(tmp_path: Path) -> None:
    before = config.settings()
    with config.override(threads=5, cache_dir=str(tmp_path)) as values:
        assert config.settings() is values
        assert values.threads == 5
        assert values.cache_dir == tmp_path
        assert values.cache == before.cache
        with config.override(threads=1):
            assert config.settings().threads == 1
        assert config.settings().threads == 5
    assert config.settings() is before


def test_override_ends_after_an_error() -> None:
    before = config.settings()
    with pytest.raises(KeyError), config.override(debug=0, threads=2):
        raise KeyError
    assert config.settings() is before


@pytest.mark.parametrize(
    "changes",
    [
        {"thread": 1},
        {"threads": 0},
        {"threads": True},
        {"cache": 1},
        {"debug": 9},
        {"cache_dir": 3},
        {"cache_dir": "a\0b"},
    ],
)
def test_override_checks(changes: dict[str, object]) -> None:
    before = config.settings()
    with pytest.raises(ConfigError), config.override(**changes):
        pass
    assert config.settings() is before


def test_notes_respect_the_level(capsys: pytest.CaptureFixture[str]) -> None:
    with config.override(debug=1):
        config.note(1, "seen")
        config.note(2, "unseen")
    assert capsys.readouterr().err == "staticad: seen\n"


def test_notes_never_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    for stream in (closed, None):
        monkeypatch.setattr(sys, "stderr", stream)
        config.note(0, "unheard")
