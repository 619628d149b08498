"""A stand-in for Stripe, for machines without a network: `python -m payments.sandbox`.

It imports nothing of the project and nothing imports it: it speaks HTTP to both sides, as Stripe does. Its objects have the
fields that Stripe's published OpenAPI schema requires, as far as a shop with hosted payment pages meets them. No money moves.
"""
