"""What workers do for the catalogue; each is a management command too."""

from celery import shared_task

from catalog import images, listings


@shared_task
def render_images() -> int:
    done = images.render_waiting()
    if done:
        # There may be more; a fresh message keeps each run short.
        render_images.delay()
    return done


@shared_task
def refresh_listings() -> int:
    return listings.refresh_stock_classes()
