"""Password hashing with Argon2id, with parameters that allow ten logins at the same time."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class ShopArgon2PasswordHasher(Argon2PasswordHasher):
    """Argon2id with 46 MiB, one pass and one lane, the second row of OWASP's password storage table."""

    time_cost = 1
    memory_cost = 46 * 1024
    parallelism = 1
