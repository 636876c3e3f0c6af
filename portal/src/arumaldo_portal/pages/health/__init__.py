"""For machines: is this process alive, and can it serve?"""

from __future__ import annotations

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from arumaldo_portal.pages.errors import RETRY_AFTER
from arumaldo_portal.surroundings import installation


async def healthz(_: Request) -> Response:
    """The process answers. It asks nobody: a database that is away is no reason to restart the portal."""
    return PlainTextResponse("ok\n")


def readyz(request: Request) -> Response:
    """Whether pages can be served now, and under which version of the configuration."""
    version = {"config_version": installation(request).version}
    try:
        with installation(request).store.hub() as session:
            session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        away = {"ready": False, "reason": "the database does not answer"} | version
        return JSONResponse(away, 503, {"retry-after": str(RETRY_AFTER)})
    return JSONResponse({"ready": True} | version)


routes = [Route("/healthz", healthz), Route("/readyz", readyz)]
