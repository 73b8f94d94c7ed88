"""`shadow proxy`: from a configuration to running processes."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
import signal
import socket
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Final

import structlog

from shadow import address
from shadow.config.load import Loaded, config_hash
from shadow.descriptors import allowed, raise_limit
from shadow.live import access_log, pressure
from shadow.live import worker as live_worker
from shadow.mirror import judge as judge_worker
from shadow.mirror import worker as mirror_worker
from shadow.record.configured import configured
from shadow.record.folder import unusable
from shadow.record.segment import recover
from shadow.serve import admin, shipper, sockets
from shadow.serve.cpus import live_workers
from shadow.serve.generation import CannotStart, Generation, Stage
from shadow.serve.priority import Priority
from shadow.serve.processes import WorkerSpec, share_memory
from shadow.serve.recorder import Recorder
from shadow.serve.reload import ConfigReloader, Load
from shadow.serve.supervisor import Supervisor
from shadow.settings import Config, Record
from shadow.switch import Switch

_SHADOW_GRACE: Final = 6.0  # seconds; a shadow worker gives up after 4
_JUDGE_GRACE: Final = 2.0  # to finish what it has, and to seal
_ADMIN_GRACE: Final = 1.0
_SHIP_GRACE: Final = 5.0  # then, for what is sealed last
_BACKLOG: Final = 4096

_ELSEWHERE: Final = "give another address, or end who has this one"

log = structlog.get_logger()


def serve(loaded: Loaded, load: Load, files: list[Path]) -> int:
    """Run until a signal. `load` reads the settings anew when asked to, or when one of its `files` has
    changed. Returns the exit code. Raises CannotStart."""
    config = loaded.config
    _check_folder(config.record)
    if config.record.shipped:
        refused = shipper.refusal(config.record.to)
        if refused:
            raise CannotStart(f"record.to: {refused}")
    live_listeners = _listen(config.listen, config.workers.live or live_workers(os.environ))
    admin_listener = _listen(config.admin, 1, mode=0o600)[0]
    runtime = _folder_of_sockets()
    try:
        started = time.time()
        workers = Workers(live_listeners, admin_listener, runtime, started)
        first = workers.generation(loaded)
        _have_descriptors(config.limits.connections)
        reloader = ConfigReloader(loaded, load, workers.generation, files)
        name = "tally" + shipper.suffix(config.record, started)
        recorder = Recorder(config.record, name, first.configured, started)
        share_memory(config.mirror.memory)
        listeners = [*live_listeners, admin_listener]
        supervisor = Supervisor(first, reloader, listeners, recorder, config.timeouts.lameduck)
        log.info(
            "serving",
            listen=_name(live_listeners[0]),
            admin=_name(admin_listener),
            legacy=config.legacy,
            target=config.target,
            record=config.record.to,
        )
        code = supervisor.run()
        if config.record.shipped:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)  # whoever asks again does not want to wait
            shipper.ship_rest(config.record, _SHIP_GRACE)
        log.info("stopped", record=config.record.to)
        return code
    finally:
        shutil.rmtree(runtime, ignore_errors=True)


class Workers:
    """Makes the workers of a configuration, and holds what is the same for every generation of them."""

    def __init__(
        self, live: list[socket.socket], admin: socket.socket, runtime: Path, started: float
    ) -> None:
        self._live = live
        self._admin = admin
        self._runtime = runtime
        self._started = started
        self._switch = Switch()
        self._marker = secrets.token_hex(6).encode()
        # Kept nowhere: with the key at hand, whoever reads a record could try out what a hash stands for.
        self._mask_key = secrets.token_bytes(32)
        self._made = 0

    def generation(self, loaded: Loaded) -> Generation:
        """Workers, not started yet. Their names end in the number of the reload, from 1 on. Raises
        CannotStart."""
        config = loaded.config
        if config.log.access:
            _check_access_log(config.log.access)
        end = f".{self._made}" if self._made else ""
        self._made += 1
        numbers = range(config.workers.shadow)
        try:
            shadows = [sockets.listen(self._runtime / f"shadow-{n}{end}") for n in numbers]
            judges = [sockets.listen(self._runtime / f"judge-{n}{end}") for n in numbers]
        except OSError as error:  # no room or descriptor for a socket
            raise CannotStart(f"cannot make workers: {error}") from None
        stages = [
            Stage(self._live_specs(config, end), config.timeouts.drain + 1.0),
            Stage(self._shadow_specs(config, end, shadows), _SHADOW_GRACE),
            Stage(self._judge_specs(config, end, judges), _JUDGE_GRACE),
            Stage((self._admin_spec(loaded, end), *self._shipper_specs(config, end)), _ADMIN_GRACE),
        ]
        return Generation(stages, configured(config, config_hash(config), time.time()), [*shadows, *judges])

    def _live_specs(self, config: Config, end: str) -> tuple[WorkerSpec, ...]:
        shadows = config.workers.shadow
        return tuple(
            WorkerSpec(
                name := f"live-{n}{end}",
                partial(
                    live_worker.run,
                    config,
                    name,
                    listener=listener,
                    marker=self._marker,
                    channel_path=str(self._runtime / f"shadow-{n % shadows}{end}"),
                    switch=self._switch,
                    memory=pressure.limit(config, len(self._live)),
                ),
                Priority.CLIENTS,
                (listener,),
            )
            for n, listener in enumerate(self._live)
        )

    def _shadow_specs(
        self, config: Config, end: str, listeners: list[socket.socket]
    ) -> tuple[WorkerSpec, ...]:
        return tuple(
            WorkerSpec(
                name := f"shadow-{n}{end}",
                partial(
                    mirror_worker.run,
                    config,
                    name,
                    listener=listener,
                    judge_path=str(self._runtime / f"judge-{n}{end}"),
                ),
                Priority.SHADOW,
                (listener,),
            )
            for n, listener in enumerate(listeners)
        )

    def _judge_specs(
        self, config: Config, end: str, listeners: list[socket.socket]
    ) -> tuple[WorkerSpec, ...]:
        return tuple(
            WorkerSpec(
                name := f"judge-{n}{end}",
                partial(
                    judge_worker.run,
                    config,
                    name,
                    listener=listener,
                    mask_key=self._mask_key,
                    suffix=shipper.suffix(config.record, self._started),
                ),
                Priority.SPARE,
                (listener,),
            )
            for n, listener in enumerate(listeners)
        )

    def _admin_spec(self, loaded: Loaded, end: str) -> WorkerSpec:
        name = f"admin{end}"
        main = partial(
            admin.run,
            loaded,
            name,
            listener=self._admin,
            live=len(self._live),
            switch=self._switch,
        )
        return WorkerSpec(name, main, Priority.CLIENTS, (self._admin,), hears=True)

    def _shipper_specs(self, config: Config, end: str) -> tuple[WorkerSpec, ...]:
        name = f"shipper{end}"
        spec = WorkerSpec(name, partial(shipper.run, config, name), Priority.SPARE, ())
        return (spec,) if config.record.shipped else ()


def _have_descriptors(connections: int) -> None:
    raise_limit()
    most = allowed(connections, 2)
    if most == 1 < connections:
        raise CannotStart("too few descriptors for more than one client: raise ulimit -n")
    if most < connections:
        log.warning(
            "connections_limited", configured=connections, most=most, reason="too few descriptors: ulimit -n"
        )


def _check_access_log(path: str) -> None:
    try:
        os.close(os.open(path, access_log.FLAGS, 0o600))
    except OSError as error:
        raise CannotStart(f"log.access: cannot write {path}: {error.strerror}") from None


def _folder_of_sockets() -> Path:
    try:
        return sockets.folder()
    except OSError as error:
        raise CannotStart(f"{error.filename}: {error.strerror}") from None


def _check_folder(record: Record) -> None:
    """Make the folder of segments, try it, and seal what a killed process left in it."""
    folder = Path(record.folder)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        found = recover(folder)
    except OSError as error:
        setting = "record.spool" if record.shipped else "record.to"
        raise CannotStart(f"{setting}: cannot use {unusable(folder, error)}") from None
    if any(found):
        log.info("recovered", sealed=found.sealed, torn=found.torn, failed=found.failed)


def _listen(text: str, count: int, mode: int | None = None) -> list[socket.socket]:
    """`count` listeners on one address; each worker owns one, and the kernel spreads clients over them. [::]
    is every interface, of IPv4 too. A Unix socket's `mode` says who may connect; None leaves it to the
    umask."""
    wanted = address.listener(text)
    if wanted.path:
        shared = _listen_at(wanted.path, mode)
        return [shared, *(shared.dup() for _ in range(count - 1))]
    host, port = wanted.host, wanted.port
    if host == "::" and not socket.has_dualstack_ipv6():
        host = "0.0.0.0"  # noqa: S104  as far as this machine goes: its kernel was told to know no IPv6
    listeners = []
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        if count > 1 and port:
            # With SO_REUSEPORT another proxy's port could be bound too, and its clients would be shared.
            with socket.socket(family, socket.SOCK_STREAM) as alone:
                alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                alone.bind((host, port))
        for _ in range(count):
            made = socket.socket(family, socket.SOCK_STREAM)
            listeners.append(made)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if count > 1:
                made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            made.bind((host, port))
            port = made.getsockname()[1]
            made.listen(_BACKLOG)
            made.setblocking(False)
    except OSError as error:
        for made in listeners:
            made.close()
        raise CannotStart(f"cannot listen on {text}: {error.strerror}; {_ELSEWHERE}") from None
    return listeners


def _listen_at(path: str, mode: int | None) -> socket.socket:
    """A Unix socket. One that a killed process has left there is replaced, no other file is."""
    place = Path(path)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other:
            if place.is_socket() and other.connect_ex(path) == errno.ECONNREFUSED:
                place.unlink()
        return sockets.listen(place, _BACKLOG, mode)
    except OSError as error:
        raise CannotStart(f"cannot listen on unix:{path}: {error.strerror}; {_ELSEWHERE}") from None


def _name(listener: socket.socket) -> str:
    if listener.family == socket.AF_UNIX:
        return f"unix:{listener.getsockname()}"
    host, port = listener.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
