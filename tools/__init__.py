"""What Lee can do: the registry, reads of Stripe, entitlements and usage, and the effects the gate performs."""
