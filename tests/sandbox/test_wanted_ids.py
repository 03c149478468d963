"""The header `Sandbox-Id`: readable ids for demonstrations. The sandbox's own; Stripe has no such thing."""

import httpx
import pytest

from sandbox.server import create_app


@pytest.fixture
def http() -> httpx.AsyncClient:
    headers = {"Authorization": "Bearer sk_test_demo"}
    return httpx.AsyncClient(transport=httpx.ASGITransport(create_app()), base_url="http://sandbox", headers=headers)


async def create(http: httpx.AsyncClient, wanted: str) -> httpx.Response:
    return await http.post("/v1/customers", headers={"Sandbox-Id": wanted})


async def test_a_new_object_takes_the_wanted_id_of_its_type(http: httpx.AsyncClient):
    assert (await create(http, "ch_other cus_maya")).json()["id"] == "cus_maya"
    assert (await http.get("/v1/customers/cus_maya")).json()["id"] == "cus_maya"


async def test_an_id_in_use_is_refused(http: httpx.AsyncClient):
    await create(http, "cus_maya")
    again = await create(http, "cus_maya")
    assert (again.status_code, again.json()["error"]["code"]) == (400, "resource_already_exists")


async def test_without_a_wanted_id_of_its_type_stripe_names_it(http: httpx.AsyncClient):
    made = (await create(http, "ch_maya")).json()["id"]
    assert made.startswith("cus_")
    assert len(made) == len("cus_") + 24


@pytest.mark.parametrize("wanted", ["maya", "cus_", "foo_maya", "cus_m/ya", "cus_" + "x" * 80])
async def test_what_is_no_id_is_refused(http: httpx.AsyncClient, wanted: str):
    assert (await create(http, wanted)).status_code == 400
