"""The status page at `/`: files for a browser that draws what `/api/v1` tells. Nothing here knows the store."""

from monitor.web.page.routes import page_routes

__all__ = ["page_routes"]
