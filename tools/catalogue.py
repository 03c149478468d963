"""All tools in one place: those that read, and those that act. This table is the index of the room.

A tool that reads gets its function here; one that acts has its argument model in `policy.actions`, its rules in
`policy.rules` and its hand in `tools.effects`, and only the gate performs it.
"""

from __future__ import annotations

from typing import Final

from policy.actions import (
    AccountCredit,
    ApplyPromotionCode,
    CancelSubscription,
    CardUpdateLink,
    ChangePlan,
    NewCheckoutLink,
    Refund,
    ResumeSubscription,
    RetryPayment,
    SetTaxId,
    UndoScheduledChange,
    UpdateBillingDetails,
)
from tools.billing_details import BillingDetails, billing_details
from tools.check_entitlements import CheckEntitlements, check_entitlements
from tools.diagnose import Diagnose, diagnose
from tools.explain_invoice import ExplainInvoice, explain_invoice
from tools.explain_usage import ExplainUsage, explain_usage
from tools.list_charges import ListCharges, list_charges
from tools.list_checkout_links import ListCheckoutLinks, list_checkout_links
from tools.list_discounts import ListDiscounts, list_discounts
from tools.list_invoices import InvoiceLink, ListInvoices, invoice_link, list_invoices
from tools.list_plans import ListPlans, list_plans
from tools.preview_plan_change import PreviewPlanChange, preview_plan_change
from tools.refund_status import RefundStatus, refund_status
from tools.registry import EffectClass, Registry, action_tool, read_tool
from tools.search_knowledge import SearchKnowledge, search_knowledge

REGISTRY: Final = Registry(
    (
        read_tool("diagnose", Diagnose, diagnose),
        read_tool("list_charges", ListCharges, list_charges),
        read_tool("list_invoices", ListInvoices, list_invoices),
        read_tool("invoice_link", InvoiceLink, invoice_link),
        read_tool("search_knowledge", SearchKnowledge, search_knowledge),
        read_tool("preview_plan_change", PreviewPlanChange, preview_plan_change),
        read_tool("list_plans", ListPlans, list_plans),
        read_tool("check_entitlements", CheckEntitlements, check_entitlements),
        read_tool("explain_usage", ExplainUsage, explain_usage),
        read_tool("explain_invoice", ExplainInvoice, explain_invoice),
        read_tool("refund_status", RefundStatus, refund_status),
        read_tool("billing_details", BillingDetails, billing_details),
        read_tool("list_discounts", ListDiscounts, list_discounts),
        read_tool("list_checkout_links", ListCheckoutLinks, list_checkout_links),
        action_tool(Refund, EffectClass.MONEY),
        action_tool(AccountCredit, EffectClass.MONEY),
        action_tool(RetryPayment, EffectClass.MONEY),
        action_tool(ChangePlan, EffectClass.MONEY),
        action_tool(CancelSubscription, EffectClass.WRITE),
        action_tool(ResumeSubscription, EffectClass.MONEY),
        action_tool(UndoScheduledChange, EffectClass.WRITE),
        action_tool(ApplyPromotionCode, EffectClass.MONEY),
        action_tool(UpdateBillingDetails, EffectClass.WRITE),
        action_tool(SetTaxId, EffectClass.WRITE),
        action_tool(NewCheckoutLink, EffectClass.WRITE),
        action_tool(CardUpdateLink, EffectClass.WRITE),
    )
)
