"""Pages for staff: the admin site, the behaviour of its pages, and pages outside the admin."""
