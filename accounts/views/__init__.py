"""Account pages that allauth does not have or that replace its own."""
