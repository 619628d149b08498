"""Pages of accounts that are not allauth's, or not as allauth has them."""
