"""Users: sign-up, login, addresses, staff roles and throttling."""
