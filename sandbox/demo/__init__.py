"""Acme Cloud, the demo company: a price list and customers with a story each, told to the sandbox through its own API.

`seeding.seed` fills a sandbox; `access.entitlements` and `usage.usage` are what the product itself knows of the same
customers, as plain data; `roster.STORIES` lists them.
"""
