"""A stand-in for Stripe, for machines without a network: `python -m payments.sandbox`.

It imports nothing from the project and nothing imports it: it communicates by HTTP, as Stripe does. Its objects have the
fields that Stripe's published OpenAPI schema requires, as far as a shop with hosted payment pages uses them. No money moves.
"""
