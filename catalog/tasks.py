"""Celery tasks of the catalogue. The schedule is in shop/jobs.py."""

from celery import shared_task

from catalog import listings
from catalog.importing import runs
from catalog.listings import search
from catalog.products import images, stock_alerts

MAX_RENDER_SECONDS = 25  # well below the worker's time limit for tasks


@shared_task
def render_images() -> int:
    """Render pictures that have no renditions, and wake the next task if there may be more."""
    done = images.render_waiting(seconds=MAX_RENDER_SECONDS)
    if done:
        # There may be more pictures. A new message keeps each task short.
        render_images.wake()
    return done


@shared_task
def refresh_listings() -> int:
    """Update the stock classes of marked listings."""
    return listings.refresh_stock_classes()


@shared_task
def work_runs() -> int:
    """Apply or undo waiting imports and bulk edits."""
    return runs.work_waiting()


@shared_task
def send_stock_alerts() -> int:
    """Tell shoppers which variants are back in stock."""
    return stock_alerts.send_stock_alerts()


@shared_task
def send_low_stock() -> int:
    """Tell staff which variants are low in stock."""
    return stock_alerts.send_low_stock_notices()


@shared_task
def refresh_search() -> int:
    """Rebuild the vocabulary of autocomplete and spelling correction."""
    return search.refresh_terms()
