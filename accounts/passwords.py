"""A password validator that limits the length."""

from typing import Any

from django.core.exceptions import ValidationError


class MaximumLengthValidator:
    """Rejects very long passwords, because hashing them takes time without making them safer."""

    def __init__(self, max_length: int = 128) -> None:
        self.max_length = max_length

    def validate(self, password: str, user: Any = None) -> None:
        if len(password) > self.max_length:
            raise ValidationError(self.get_help_text(), code="password_too_long")

    def get_help_text(self) -> str:
        return f"Choose a password of at most {self.max_length} characters."
