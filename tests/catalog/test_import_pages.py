"""Staff upload a product file, look at its plan and apply it."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from catalog.importing.runs import RunRefused, plan_of, start, start_undo, work_waiting
from catalog.models import (
    Product,
    Run,
    RunProgress,
)
from tests.factories import make_variant
from tests.reading import find, find_all, text_of

pytestmark = pytest.mark.django_db

HEADER = "Handle,Title,Published,Variant SKU,Variant Inventory Tracker,Variant Inventory Qty,Variant Price,Status\n"


def test_a_file_is_planned_and_an_invalid_one_is_refused_in_one_sentence(client, staff):
    good = SimpleUploadedFile("good.csv", (HEADER + "cup,Cup,TRUE,C-1,shopify,4,9.00,active\n").encode())
    answer = client.post("/admin/catalog/run/add/", {"file": good})
    run = Run.objects.get()
    assert (answer.status_code, run.counts["new"], run.user, Product.objects.count()) == (302, 1, staff, 0)
    for content, words in ((b"PK\x03\x04", "not a CSV file"), (b"A,B\n1,2\n", "no column 'Handle'")):
        answer = client.post("/admin/catalog/run/add/", {"file": SimpleUploadedFile("x.csv", content)})
        assert (answer.status_code, words in text_of(answer)) == (422, True)


def test_an_outdated_plan_is_refused_with_the_reason(client, staff):
    variant = make_variant(1000)
    row = f"{variant.product.handle},Renamed,TRUE,{variant.sku},shopify,10,10.00,active\n"
    client.post("/admin/catalog/run/add/", {"file": SimpleUploadedFile("x.csv", (HEADER + row).encode())})
    run = Run.objects.get()
    Product.objects.update(title="Changed meanwhile")
    client.post(f"/admin/catalog/run/{run.pk}/apply/")
    assert work_waiting() == 1
    run.refresh_from_db()
    assert (run.status, "has changed since the plan was made" in run.error) == (Run.Status.FAILED, True)
    assert Product.objects.get().title == "Changed meanwhile"
    with pytest.raises(RunRefused):
        start(run)


def test_an_outdated_plan_of_a_file_is_planned_again(client, staff):
    variant = make_variant(1000)
    row = f"{variant.product.handle},Renamed,TRUE,{variant.sku},shopify,10,10.00,active\n"
    client.post("/admin/catalog/run/add/", {"file": SimpleUploadedFile("x.csv", (HEADER + row).encode())})
    run = Run.objects.get()
    url = f"/admin/catalog/run/{run.pk}/change/"
    assert find(client.get(url), "input", type="submit", value="Apply")
    Product.objects.update(title="Changed meanwhile")
    page = client.get(url)
    assert find_all(page, "input", value="Apply") == []
    assert "Products have changed since" in text_of(page)
    assert find(page, "input", type="submit", value="Plan again")
    answer = client.post(f"/admin/catalog/run/{run.pk}/again/")
    new = Run.objects.exclude(pk=run.pk).get()
    assert answer.url == f"/admin/catalog/run/{new.pk}/change/"
    assert plan_of(new).changes[0].differences == [["title", "Changed meanwhile", "Renamed"]]
    start(new)
    work_waiting()
    assert (Product.objects.get().title, bytes(Run.objects.get(pk=new.pk).source)) == ("Renamed", b"")


def test_a_plan_shows_the_title_price_and_stock_of_a_new_product(client, staff):
    rows = "cup,Reef cup,TRUE,C-1,shopify,4,9.00,active\n"
    client.post("/admin/catalog/run/add/", {"file": SimpleUploadedFile("x.csv", (HEADER + rows).encode())})
    text = text_of(client.get(f"/admin/catalog/run/{Run.objects.get().pk}/change/"))
    assert "1 variant · 0 pictures · active" in text
    assert ("New: Reef cup (line 2)" in text, "C-1 €9.00 – 4" in text) == (True, True)


def test_a_run_whose_worker_dies_is_left_for_the_next_worker(client, staff, monkeypatch):
    upload = SimpleUploadedFile("x.csv", (HEADER + "cup,Cup,TRUE,C-1,shopify,4,9.00,active\n").encode())
    client.post("/admin/catalog/run/add/", {"file": upload})
    start(Run.objects.get())

    def die(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken, pytest.raises(KeyboardInterrupt):
        broken.setattr("catalog.products.saving.write_listings", die)
        work_waiting()
    assert (Run.objects.get().status, Product.objects.count()) == (Run.Status.WAITING, 0)
    assert work_waiting() == 1
    assert (Run.objects.get().status, Product.objects.get().title) == (Run.Status.APPLIED, "Cup")
    assert RunProgress.objects.get().total == 1


def upload_rows(client, rows: str) -> str:
    """Upload a file with these rows, and return the URL of the page of its plan."""
    return client.post("/admin/catalog/run/add/", {"file": SimpleUploadedFile("x.csv", (HEADER + rows).encode())}).url


def test_the_page_of_a_run_says_what_it_means_for_the_shop(client, staff):
    url = upload_rows(client, "cup,Cup,TRUE,C-1,shopify,4,9.00,active\n")
    assert "Nothing has changed yet. This is what would change when you press Apply." in text_of(client.get(url))
    run = Run.objects.get()
    start(run)
    work_waiting()
    text = text_of(client.get(url))
    assert "Applied: 1 new. Undo restores what was there before." in text
    assert ("1 new" in text, "0 unchanged" in text) == (True, False)
    start_undo(Run.objects.get())
    work_waiting()
    assert "The products are as they were before. New ones are withdrawn, and new categories stay." in text_of(
        client.get(url)
    )


def test_only_what_was_refused_is_called_a_problem(client, staff):
    same_sku = "a,A,TRUE,S-1,shopify,4,9.00,active\nb,B,TRUE,S-1,shopify,4,9.00,active\n"
    text = text_of(client.get(upload_rows(client, same_sku)))
    assert ("To check" in text, "Problems" in text) == (True, False)
    assert "Problems" in text_of(client.get(upload_rows(client, "a,A,TRUE,S-1,shopify,4,abc,active\n")))


def test_an_import_without_a_file_asks_for_it(client, staff):
    assert "Choose the file to import." in text_of(client.post("/admin/catalog/run/add/", {}))
