"""A customer's browser on the sandbox's pages, in process."""

from typing import Any

import httpx


class Browser:
    """GET and POST of pages in process; `url` is what the API gave."""

    def __init__(self, app: Any) -> None:
        self._client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1:12111")

    async def get(self, url: str) -> httpx.Response:
        return await self._client.get(url)

    async def post(self, url: str, **form: str) -> httpx.Response:
        return await self._client.post(url, data=form)

    async def head(self, url: str) -> httpx.Response:
        return await self._client.head(url)
