"""How passwords are hashed, and how long they may be."""

from typing import Any

from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.exceptions import ValidationError


class ShopArgon2PasswordHasher(Argon2PasswordHasher):
    """Argon2id with 46 MiB, one pass and one lane, the second row of OWASP's password storage table.

    Ten people can log in at the same time with these parameters.
    """

    time_cost = 1
    memory_cost = 46 * 1024
    parallelism = 1


class MaximumLengthValidator:
    """Rejects very long passwords, because hashing them takes time without making them safer."""

    def __init__(self, max_length: int = 128) -> None:
        self.max_length = max_length

    def validate(self, password: str, user: Any = None) -> None:
        if len(password) > self.max_length:
            raise ValidationError(self.get_help_text(), code="password_too_long")

    def get_help_text(self) -> str:
        return f"Choose a password of at most {self.max_length} characters."
