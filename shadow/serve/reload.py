"""A new configuration for a running proxy: when there is one, and whether it can be used."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

import structlog

from shadow import tls
from shadow.config.load import ConfigError, Loaded
from shadow.serve.generation import CannotStart, Generation
from shadow.serve.logs import reconfigure

_EVERY: Final = 5.0  # seconds between two looks at the files; a kubelet takes a minute to bring a ConfigMap

_FIXED: Final = ("listen", "admin", "workers", "record")
"""Sections that sockets, folders and processes of the supervisor hang on: another value needs a restart."""

_ONCE: Final = "a pipe or a terminal gives what it has only once; name a file, or restart"

Load: TypeAlias = Callable[[], Loaded]
"""Reads all settings anew. Raises ConfigError."""

log = structlog.get_logger()


class ConfigReloader:
    """Reads the configuration again, on demand or when one of its files holds something else."""

    def __init__(
        self, loaded: Loaded, load: Load, build: Callable[[Loaded], Generation], files: list[Path]
    ) -> None:
        """`files` are what `load` reads; the certificates that the settings name are looked at too."""
        self._loaded = loaded
        self._load = load
        self._build = build
        self._files = files
        self._seen = self._digest()
        self._looked = time.monotonic()

    def changed(self) -> bool:
        """Whether a file's content is another. By content: a ConfigMap is changed by swapping a link."""
        now = time.monotonic()
        if now - self._looked < _EVERY:
            return False
        self._looked = now
        digest = self._digest()
        return digest is not None and digest != self._seen

    def generation(self) -> Generation | None:
        """The workers of the settings as they are now; None, and one line for each reason, if they cannot be
        used."""
        self._seen = self._digest()
        for file in filter(_is_used_up, self._files):
            log.error("reload_refused", problem=f"{file}: {_ONCE}")
            return None
        try:
            loaded = self._load()
        except ConfigError as error:
            for problem in error.problems:
                log.error("reload_refused", problem=problem)
            return None
        old, new = self._loaded.config, loaded.config
        fixed = [name for name in _FIXED if getattr(old, name) != getattr(new, name)]
        for name in fixed:
            log.error(
                "reload_refused", problem=f"{name}: takes effect at a restart only; set it back, or restart"
            )
        if fixed:
            return None
        try:
            made = self._build(loaded)
        except CannotStart as error:  # no reason to end those who serve
            log.error("reload_refused", problem=str(error))
            return None
        reconfigure(new.log)
        self._loaded = loaded
        self._seen = self._digest()  # it may name other certificates
        return made

    def _digest(self) -> bytes | None:
        """Of all files; None where one cannot be read just now."""
        digest = hashlib.sha256()
        try:
            for file in (*self._files, *tls.files(self._loaded.config.tls)):
                if stat.S_ISREG(file.stat().st_mode):  # a pipe gives what it has once, and may wait for ever
                    digest.update(hashlib.sha256(file.read_bytes()).digest())
        except OSError:
            return None
        return digest.digest()


def _is_used_up(file: Path) -> bool:
    """Whether what it had to give has been read, and reading could wait for more without end."""
    try:
        mode = file.stat().st_mode
    except OSError:  # whoever loads the settings says why
        return False
    null = file.resolve() == Path(os.devnull)
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or (stat.S_ISCHR(mode) and not null)
