"""Who the shopper is: users, sign-in, throttles."""
