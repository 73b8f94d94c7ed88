"""What the proxies stand in front of: two nginx, legacy and target, with one document each; a hung target."""

from __future__ import annotations

import json
import os
import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from string import Template

from nginx import command
from processes import CannotRunError, get, running

BODIES = {
    "small": "application/json",
    "json20k": "application/json",
    "html50k": "text/html",
    "mib": "application/octet-stream",
}
"""Kinds of document and their media types."""

_MTIME = 1_700_000_000  # the same on both sides, or Last-Modified and ETag would differ

_IDS = "add_header X-Request-Id $request_id; add_header X-Runtime $msec;"

_HTTP = Template("""\
  open_file_cache max=10;
  server {
    listen 127.0.0.1:$port backlog=4096;
    default_type $media;
    root $folder;
    $fields
    client_body_buffer_size 16k;
    location / {
      if ($$request_method = POST) { return 200 '$document'; }
      try_files /document =404;
    }
    location = /.served { stub_status; }
  }
""")


class Backend:
    """One nginx that answers every path with the same document."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._questions = 1  # the first found it ready

    def served(self) -> int:
        """Requests that it has answered, those of this method left out."""
        self._questions += 1
        body = get(self.port, "/.served")[1].decode()
        accepts, handled, requests = body.split("\n")[2].split()
        if accepts != handled:
            raise CannotRunError(f"backend on port {self.port} refused connections")
        return int(requests) - self._questions


@contextmanager
def nginx(
    name: str, program: str, port: int, body: str, folder: Path, *, differ: bool, ids: bool = False
) -> Iterator[Backend]:
    """A backend with a document of the kind `body`; with `differ` it says who served it, with `ids` each
    answer has fields that no other has."""
    home = folder / name
    home.mkdir(mode=0o755)
    document = home / "document"
    served_by = name if differ else ""
    document.write_text(_document(body, served_by))
    os.utime(document, (_MTIME, _MTIME))
    http = _HTTP.substitute(
        port=port,
        media=BODIES[body],
        folder=home,
        fields=_IDS if ids else "",
        document=_document("small", served_by),
    )
    with running(name, command(program, home, http), port, home):
        yield Backend(port)


def _document(body: str, served_by: str) -> str:
    if body == "mib":
        return "0123456789abcdef" * 65536
    if body == "html50k":
        rows = "".join(
            f'<li class="row" id="r{n}"><a href="/items/{n}">item {n}</a> <b>{n * 7}</b></li>\n'
            for n in range(760)
        )
        head = f'<!doctype html><html><head><title>list</title></head><body data-by="{served_by}">'
        return f"{head}<ul>\n{rows}</ul></body></html>\n"
    fields = {"name": "sample item", "price": 1980, "stock": {"tokyo": 3, "osaka": 0}, "tags": ["a", "b"]}
    answer: dict[str, object] = {
        "items": [{"id": n, **fields} for n in range(180 if body == "json20k" else 1)]
    }
    if served_by:
        answer["served_by"] = served_by
    return json.dumps(answer)


@contextmanager
def hung() -> Iterator[int]:
    """A target that accepts every connection, reads what is sent, and never answers. Gives its port."""
    stopped = threading.Event()
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listener:
        listener.setblocking(False)
        thread = threading.Thread(target=_swallow, args=(listener, stopped))
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            stopped.set()
            thread.join()


def _swallow(listener: socket.socket, stopped: threading.Event) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        while not stopped.is_set():
            for key, _ in selector.select(0.2):
                one = key.fileobj
                assert isinstance(one, socket.socket)
                if one is listener:
                    selector.register(one.accept()[0], selectors.EVENT_READ)
                elif _ended(one):
                    selector.unregister(one)
                    one.close()
        for key in list(selector.get_map().values()):
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()


def _ended(connection: socket.socket) -> bool:
    try:
        return not connection.recv(65536)
    except ConnectionError:
        return True
