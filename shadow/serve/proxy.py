"""`shadow proxy`: from a configuration to running processes."""

from __future__ import annotations

import ctypes
import gc
import secrets
import shutil
import socket
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from shadow import address
from shadow.config.load import Loaded, config_hash
from shadow.live import worker as live_worker
from shadow.mirror import judge as judge_worker
from shadow.mirror import worker as mirror_worker
from shadow.record.segment import recover
from shadow.serve import admin
from shadow.serve.processes import LOW_PRIORITY, Kind
from shadow.serve.recorder import Recorder
from shadow.serve.supervisor import Stage, Supervisor

_SHADOW_GRACE: Final = 6.0  # seconds; a shadow worker gives up after 4
_JUDGE_GRACE: Final = 6.0  # to finish what it has, and to seal
_ADMIN_GRACE: Final = 2.0
_BACKLOG: Final = 4096

log = structlog.get_logger()


class CannotStart(Exception):
    """Something that the proxy needs cannot be had. One line."""


def serve(loaded: Loaded) -> int:
    """Run until a signal. Returns the exit code. Raises CannotStart."""
    config = loaded.config
    _check_folder(Path(config.record.to))
    live_listeners = _listen(config.listen, config.workers.live)
    admin_listener = _listen(config.admin, 1)[0]
    runtime = Path(tempfile.mkdtemp(prefix="shadow-"))
    try:
        started = time.time()
        shadow_listeners = [_listen_unix(runtime / f"shadow-{n}") for n in range(config.workers.shadow)]
        judge_listeners = [_listen_unix(runtime / f"judge-{n}") for n in range(config.workers.shadow)]
        stages = [
            Stage(_live_kinds(loaded, live_listeners, runtime), config.timeouts.drain + 1.0),
            Stage(_shadow_kinds(loaded, shadow_listeners, runtime), _SHADOW_GRACE),
            Stage(_judge_kinds(loaded, judge_listeners), _JUDGE_GRACE),
            Stage((_admin_kind(loaded, admin_listener, started),), _ADMIN_GRACE),
        ]
        log.info(
            "serving",
            listen=_name(live_listeners[0]),
            admin=_name(admin_listener),
            legacy=config.legacy,
            target=config.target,
            record=config.record.to,
        )
        recorder = Recorder(config.record, "tally", config_hash(config), started)
        listeners = [*live_listeners, *shadow_listeners, *judge_listeners, admin_listener]
        _share_memory()
        code = Supervisor(stages, listeners, recorder, "admin").run()
        log.info("stopped", record=config.record.to)
        return code
    finally:
        shutil.rmtree(runtime, ignore_errors=True)


def _live_kinds(loaded: Loaded, listeners: list[socket.socket], runtime: Path) -> tuple[Kind, ...]:
    marker = secrets.token_hex(6).encode()
    shadows = loaded.config.workers.shadow
    return tuple(
        Kind(
            f"live-{n}",
            partial(
                live_worker.run,
                loaded.config,
                f"live-{n}",
                listener=listener,
                marker=marker,
                channel_path=str(runtime / f"shadow-{n % shadows}"),
            ),
            0,
            (listener,),
        )
        for n, listener in enumerate(listeners)
    )


def _shadow_kinds(loaded: Loaded, listeners: list[socket.socket], runtime: Path) -> tuple[Kind, ...]:
    return tuple(
        Kind(
            f"shadow-{n}",
            partial(
                mirror_worker.run,
                loaded.config,
                f"shadow-{n}",
                listener=listener,
                judge_path=str(runtime / f"judge-{n}"),
            ),
            LOW_PRIORITY,
            (listener,),
        )
        for n, listener in enumerate(listeners)
    )


def _judge_kinds(loaded: Loaded, listeners: list[socket.socket]) -> tuple[Kind, ...]:
    # Kept nowhere: with the key at hand, whoever reads a record could try out what a hash stands for.
    mask_key = secrets.token_bytes(32)
    return tuple(
        Kind(
            f"judge-{n}",
            partial(judge_worker.run, loaded.config, f"judge-{n}", listener=listener, mask_key=mask_key),
            LOW_PRIORITY,
            (listener,),
        )
        for n, listener in enumerate(listeners)
    )


def _admin_kind(loaded: Loaded, listener: socket.socket, started: float) -> Kind:
    return Kind(
        "admin", partial(admin.run, loaded, "admin", listener=listener, started=started), 0, (listener,)
    )


def _check_folder(folder: Path) -> None:
    """Make the folder of segments, try it, and seal what a killed process left in it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        found = recover(folder)
    except OSError as error:
        raise CannotStart(f"record.to: cannot use {folder}: {error.strerror}") from None
    if any(found):
        log.info("recovered", sealed=found.sealed, torn=found.torn, failed=found.failed)


def _listen(text: str, count: int) -> list[socket.socket]:
    """`count` listeners on one address; each worker owns one, and the kernel spreads clients over them."""
    wanted = address.listener(text)
    host, port = wanted.host, wanted.port
    sockets = []
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        if count > 1 and port:
            # With SO_REUSEPORT another proxy's port could be bound too, and its clients would be shared.
            with socket.socket(family, socket.SOCK_STREAM) as alone:
                alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                alone.bind((host, port))
        for _ in range(count):
            made = socket.socket(family, socket.SOCK_STREAM)
            sockets.append(made)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if count > 1:
                made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            made.bind((host, port))
            port = made.getsockname()[1]
            made.listen(_BACKLOG)
            made.setblocking(False)
    except OSError as error:
        for made in sockets:
            made.close()
        raise CannotStart(f"cannot listen on {text}: {error.strerror}") from None
    return sockets


def _listen_unix(path: Path) -> socket.socket:
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.bind(str(path))
    made.listen(128)
    made.setblocking(False)
    return made


def _name(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _share_memory() -> None:
    """Leave as much as possible as it is in memory, so that the workers go on sharing it after the fork."""
    try:
        # glibc returns blocks above 128 KiB to the kernel at once, and each read of a large body faults its
        # pages in anew: four times the system time of a download. M_MMAP_THRESHOLD, M_TRIM_THRESHOLD.
        libc = ctypes.CDLL(None)
        libc.mallopt(-3, 1 << 20)
        libc.mallopt(-1, 16 << 20)
    except (AttributeError, OSError):
        pass  # another C library, other habits
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)  # requests make no cycles; looking for them costs more than it finds
