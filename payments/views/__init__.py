"""The pages around payments: leading to a payment and back, the payment form, and saved cards."""
