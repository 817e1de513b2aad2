"""Style, script and icon: read once, and served by their names alone, so that no path leads anywhere else."""

from importlib.resources import files

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from resqued.digest import hexadecimal

KINDS = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8", "svg": "image/svg+xml"}
FOR_EVER = "public, max-age=31536000, immutable"  # what changes has another version in its address

_FILES = {
    file.name: file.read_bytes()
    for file in files("resqued.web").joinpath("static").iterdir()
    if file.name.rpartition(".")[2] in KINDS
}
VERSION = hexadecimal(b"".join(_FILES[name] for name in sorted(_FILES)))[:12]


async def serve(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _FILES:
        return PlainTextResponse("There is no such file.", 404)
    is_present = request.path_params["version"] == VERSION
    headers = {"cache-control": FOR_EVER if is_present else "no-store"}
    return Response(_FILES[name], media_type=KINDS[name.rpartition(".")[2]], headers=headers)
