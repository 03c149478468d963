"""What is recorded of each wire, and replayed: one walk through everything Lee asks of it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import stripe

from agent.control import schemas
from agent.models.chat import ChatRequest, Completion, Message
from agent.models.openai_chat import OpenAIChat
from tools.catalogue import REGISTRY


async def stripe_walk(client: stripe.StripeClient) -> dict[str, Any]:
    """A customer pays, is refunded under one idempotency key twice, and meets a decline; a subscription is made,
    previewed, scheduled to end. Returns what the test compares."""
    v1 = client.v1
    customer = await v1.customers.create_async({"email": "ada@example.com", "payment_method": "pm_card_visa"})
    (card,) = (await v1.customers.payment_methods.list_async(customer.id)).data
    await v1.customers.update_async(customer.id, {"invoice_settings": {"default_payment_method": card.id}})
    paid = await v1.payment_intents.create_async(
        {
            "amount": 2000,
            "currency": "usd",
            "customer": customer.id,
            "payment_method": card.id,
            "confirm": True,
            "off_session": True,
        },
        {"idempotency_key": "recorded-payment"},
    )
    (charge,) = (await v1.charges.list_async({"customer": customer.id, "limit": 3})).data
    refunds = [
        await v1.refunds.create_async(
            {"charge": charge.id, "amount": 500, "metadata": {"lee_intent": "int_recorded"}},
            {"idempotency_key": "recorded-refund"},
        )
        for _ in range(2)
    ]
    declined = await _decline(client, customer.id)
    price = await v1.prices.create_async(
        {
            "currency": "usd",
            "unit_amount": 6000,
            "recurring": {"interval": "month"},
            "product_data": {"name": "Recorded Team"},
        }
    )
    subscription = await v1.subscriptions.create_async({"customer": customer.id, "items": [{"price": price.id}]})
    invoices = (await v1.invoices.list_async({"customer": customer.id})).data
    payments = (await v1.invoice_payments.list_async({"invoice": invoices[0].id})).data
    preview = await v1.invoices.create_preview_async(
        {
            "customer": customer.id,
            "subscription": subscription.id,
            "subscription_details": {"items": [{"id": subscription["items"].data[0].id, "quantity": 2}]},
        }
    )
    ending = await v1.subscriptions.update_async(subscription.id, {"cancel_at_period_end": True})
    return {
        "paid": paid.status,
        "refunds": [refund.id == refunds[0].id for refund in refunds],
        "refunded": (await v1.charges.retrieve_async(charge.id)).amount_refunded,
        "declined": declined,
        "invoice": invoices[0].status,
        "payment": payments[0].status,
        "preview_has_proration": any(
            line.parent is not None
            and line.parent.subscription_item_details is not None
            and line.parent.subscription_item_details.proration
            for line in preview.lines.data
        ),
        "ending": ending.cancel_at_period_end,
    }


async def _decline(client: stripe.StripeClient, customer: str) -> list[str | None]:
    try:
        await client.v1.payment_intents.create_async(
            {
                "amount": 2000,
                "currency": "usd",
                "customer": customer,
                "payment_method": "pm_card_visa_chargeDeclinedInsufficientFunds",
                "confirm": True,
                "off_session": True,
            },
            {"idempotency_key": "recorded-decline"},
        )
    except stripe.CardError as error:
        return [error.code, error.error.decline_code if error.error else None]
    return []


async def openai_walk(model: OpenAIChat) -> list[Completion]:
    """A question that needs a tool, and the answer after its result."""
    tools = schemas(REGISTRY)
    opening = (
        Message("system", "You are a billing assistant. Call list_charges before you answer, then call reply."),
        Message("user", "What did I pay last?"),
    )
    first = await model.complete(ChatRequest(opening, tools))
    result = {"ok": True, "result": {"charges": [{"id": "ch_1", "amount": {"display": "$20.00"}}], "more": False}}
    answers = tuple(Message("tool", json.dumps(result), tool_call_id=call.id) for call in first.message.tool_calls)
    await asyncio.sleep(0)
    return [first, await model.complete(ChatRequest((*opening, first.message, *answers), tools))]
