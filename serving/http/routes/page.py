"""``/``: the page and its static files."""

from pathlib import Path

from fastapi import APIRouter, FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles

WEB_DIR = Path(__file__).resolve().parents[2] / "web"

router = APIRouter()


@router.get("/", include_in_schema=False)
def page() -> FileResponse:
    """The page itself."""
    return FileResponse(WEB_DIR / "index.html", media_type="text/html")


def mount(app: FastAPI) -> None:
    """Serve the page's scripts, styles and icons."""
    app.mount("/web", StaticFiles(directory=WEB_DIR), name="web")
