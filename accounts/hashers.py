"""Argon2id with parameters that ten logins at once can afford."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class ShopArgon2PasswordHasher(Argon2PasswordHasher):
    """46 MiB, one pass, one lane: the second row of OWASP's password storage table."""

    time_cost = 1
    memory_cost = 46 * 1024
    parallelism = 1
