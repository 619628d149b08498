"""From the cart to the parcel: cart, checkout, order, fulfillment."""
