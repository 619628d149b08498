"""A signed event of Stripe, as it is posted to the shop."""

from tests.stripe_desk import signed

EVENT = {
    "id": "evt_1",
    "object": "event",
    "type": "checkout.session.completed",
    "livemode": False,
    "data": {"object": {"id": "cs_unknown", "object": "checkout.session"}},
}


def post(client, event, *, signature=None, **fields):
    body, made = signed(event, **fields)
    headers = {"Stripe-Signature": made if signature is None else signature}
    return client.post("/payments/webhook/", body, content_type="application/json", headers=headers)
