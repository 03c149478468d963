"""The openai SDK speaks through httpx2, which vcrpy does not know; this carries its requests over httpx."""

from __future__ import annotations

import httpx
import httpx2


class OverHttpx(httpx2.AsyncBaseTransport):
    def __init__(self) -> None:
        self._httpx = httpx.AsyncClient(timeout=30)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        content = await request.aread()
        answer = await self._httpx.request(
            request.method, str(request.url), headers=list(request.headers.multi_items()), content=content
        )
        kept = [(name, value) for name, value in answer.headers.multi_items() if name != "content-encoding"]
        return httpx2.Response(answer.status_code, headers=kept, content=answer.content, request=request)

    async def aclose(self) -> None:
        await self._httpx.aclose()


def vcr_client() -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=OverHttpx())
