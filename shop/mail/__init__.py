"""E-mail: the outbox that stores and delivers it, and the demo's mailbox."""
