"""Identifiers. Stripe's ids keep Stripe's prefixes (`cus_`, `ch_`, …); ours are `case_`, `turn_`, `prop_`, `int_`."""

from typing import NewType

CustomerId = NewType("CustomerId", str)
ChargeId = NewType("ChargeId", str)
PaymentIntentId = NewType("PaymentIntentId", str)
PaymentMethodId = NewType("PaymentMethodId", str)
RefundId = NewType("RefundId", str)
DisputeId = NewType("DisputeId", str)
InvoiceId = NewType("InvoiceId", str)
SubscriptionId = NewType("SubscriptionId", str)
SubscriptionItemId = NewType("SubscriptionItemId", str)
PriceId = NewType("PriceId", str)
ScheduleId = NewType("ScheduleId", str)

CaseId = NewType("CaseId", str)
TurnId = NewType("TurnId", str)
MessageId = NewType("MessageId", str)
ProposalId = NewType("ProposalId", str)
IntentId = NewType("IntentId", str)
EscalationId = NewType("EscalationId", str)
