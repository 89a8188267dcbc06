"""Templates and static files of the pages: Jinja with autoescape and no undefined names; files under names that carry their digest, so that browsers keep them."""

from __future__ import annotations

import functools
import hashlib
from datetime import UTC, datetime
from importlib import metadata, resources
from pathlib import Path
from typing import Any, Final

import jinja2

TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
CARRIED: Final = {
    "htmx.js": ("django-htmx", "django_htmx/static/django_htmx/htmx-2.min.js"),
    "leaflet.js": ("django-leaflet", "leaflet/static/leaflet/leaflet.js"),
    "leaflet.css": ("django-leaflet", "leaflet/static/leaflet/leaflet.css"),
}
"""Files of other projects: (distribution that carries them, path in it). Nothing of these distributions is imported."""
ZONE_MINUTES: Final = 480
"""East of UTC: where the hub's people live."""
NEVER: Final = "—"


@functools.cache
def _environment() -> jinja2.Environment:
    def template(name: str) -> str:
        return (resources.files("hub") / "templates" / name).read_text("utf-8")

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(template),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters.update(figure=figure, when=when, size=size)
    environment.globals["static"] = address
    return environment


def render(template: str, **values: Any) -> bytes:
    """A page as UTF-8."""
    return _environment().get_template(template).render(**values).encode()


def when(wall: int | None) -> str:
    """A time as people here read it; a dash for none."""
    return datetime.fromtimestamp(wall + ZONE_MINUTES * 60, UTC).strftime("%Y-%m-%d %H:%M") if wall else NEVER


def size(count: int) -> str:
    """Bytes in the unit that leaves one to three digits before the point."""
    value, unit = float(count), "B"
    for larger in ("KB", "MB", "GB", "TB"):
        if value < 1000:
            break
        value, unit = value / 1000, larger
    return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"


def figure(number: float | None) -> str:
    """A number with its thousands told apart; one place below 100 where there is a fraction; a dash for none."""
    if number is None:
        return NEVER
    return f"{number:,.0f}" if number == int(number) or abs(number) >= 100 else f"{number:,.1f}" if abs(number) >= 0.1 else f"{number:.2g}"


@functools.cache
def files() -> dict[str, tuple[str, bytes]]:
    """address → (media type, bytes) of every static file."""
    found: dict[str, tuple[str, bytes]] = {}
    for file in sorted((resources.files("hub") / "static").iterdir(), key=lambda f: f.name):
        kind = TYPES.get(f".{file.name.rpartition('.')[2]}")
        if kind is not None:
            found.update([_served(file.name, kind, file.read_bytes())])
    for name, (distribution, path) in CARRIED.items():
        data = Path(str(metadata.distribution(distribution).locate_file(path))).read_bytes()
        found.update([_served(name, TYPES[f".{name.rpartition('.')[2]}"], data)])
    return found


def _served(name: str, kind: str, data: bytes) -> tuple[str, tuple[str, bytes]]:
    return f"/static/{hashlib.sha256(data).hexdigest()[:12]}/{name}", (kind, data)


@functools.cache
def address(name: str) -> str:
    """The address of a static file; KeyError for one that is not shipped."""
    return next(path for path in files() if path.endswith(f"/{name}"))
