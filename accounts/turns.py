"""One at a time: whoever has a turn keeps it until it is given back, or until it has lasted too long."""

from datetime import datetime

from django.db import connection

from accounts.models import Turn
from accounts.throttle import TooManyAttempts

MAX_TURN_SECONDS = 1800  # a turn that nobody gave back, because the process died, is over then
ASK_AGAIN_SECONDS = 10

# One statement: of two that come together one waits for the other's row and then finds it held.
TAKE = """
INSERT INTO accounts_turn AS known (key, held_until)
VALUES (%(key)s, clock_timestamp() + make_interval(secs => %(seconds)s))
ON CONFLICT (key) DO UPDATE SET held_until = excluded.held_until WHERE known.held_until <= clock_timestamp()
RETURNING held_until
"""


def take_turn(key: str) -> datetime:
    """The turn is ours; returns what `give_turn_back` asks for. Raises TooManyAttempts while somebody has it."""
    with connection.cursor() as cursor:
        cursor.execute(TAKE, {"key": key, "seconds": MAX_TURN_SECONDS})
        taken = cursor.fetchone()
    if not taken:
        raise TooManyAttempts(ASK_AGAIN_SECONDS)
    return taken[0]


def give_turn_back(key: str, held_until: datetime) -> None:
    """The next one may; a turn that was over already and is somebody else's now stays theirs."""
    Turn.objects.filter(key=key, held_until=held_until).delete()
