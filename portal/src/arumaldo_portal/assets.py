"""Style sheets and scripts: under an address that changes with their content, so browsers may keep them for a year."""

from __future__ import annotations

import functools
import gzip
import hashlib
import mimetypes
import os
from importlib.metadata import version
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOLDER = Path(__file__).parent / "static"
_PACKED = {".css", ".js", ".svg"}
_YEAR = "public, max-age=31536000, immutable"


def _digest(folder: Path) -> str:
    together = hashlib.sha256()
    for file in sorted(folder.iterdir()):
        together.update(file.name.encode() + file.read_bytes())
    return together.hexdigest()[:12]


OWN = f"/static/{_digest(FOLDER)}"
TABLER = f"/static/tabler-{version('starlette-admin')}"


def asset(name: str) -> str:
    """The address of one of our own files."""
    return f"{OWN}/{name}"


def tabler(name: str) -> str:
    """The address of one of the component library's files."""
    return f"{TABLER}/{name}"


@functools.lru_cache(maxsize=64)
def _packed(path: str, changed: float) -> bytes:  # `changed` makes a new entry when the file is another one
    return gzip.compress(Path(path).read_bytes(), mtime=0)


class KeptFiles(StaticFiles):
    """Files of a versioned folder, compressed once per process."""

    def file_response(
        self, full_path: str | os.PathLike[str], stat_result: os.stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        path = os.fspath(full_path)
        response = super().file_response(path, stat_result, scope, status_code)
        if response.status_code == 200 and Path(path).suffix in _PACKED and _takes_gzip(scope):
            body = _packed(path, stat_result.st_mtime)
            kind, _ = mimetypes.guess_type(path)
            response = Response(body, media_type=kind, headers={"content-encoding": "gzip"})
        response.headers["vary"] = "accept-encoding"
        response.headers["cache-control"] = _YEAR
        return response


def _takes_gzip(scope: Scope) -> bool:
    return "gzip" in Headers(scope=scope).get("accept-encoding", "")


routes = [
    Mount(OWN, app=KeptFiles(directory=FOLDER)),
    Mount(TABLER, app=KeptFiles(packages=[("starlette_admin", "static")])),
]
