"""What staff try with objects, files and names that are not theirs, and what no role may learn by it."""

import io
import json
from itertools import chain

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image

from accounts.invitations import accept, invite
from accounts.models import Invitation, User
from accounts.staff import StaffRefused
from catalog.models import Page, Store
from orders.bulk_actions import bulk_actions, plan_run
from orders.editing import Edit, add_note
from orders.fulfillment import NewFulfillment, ship
from orders.lifecycle import confirm
from orders.models import Customer, Order, SavedView
from shop.models import Mail
from tests.accounts.second_factors import add_app
from tests.factories import make_order, make_user, make_variant
from tests.shop.role_table import admin_pages

pytestmark = pytest.mark.django_db
PASSPHRASE = "a long new passphrase"
SECRETS = ("Wilhelmina", "Zebrastraat", "wilhelmina@", "0470 12", "Calls on Friday")


def member(*roles: str, **fields) -> Client:
    user = make_user(is_staff=True, **fields)
    user.groups.set(Group.objects.filter(name__in=roles))
    client = Client()
    client.force_login(user)
    return client


def shipped_order(**fields) -> Order:
    order = make_order(make_variant(on_hand=9), quantity=2, **fields)
    confirm(order)
    ship(order, NewFulfillment({order.lines.get().pk: 1}))
    return order


@pytest.fixture
def wilhelmina(settings, tmp_path) -> Order:
    """An order with a customer whom roles without customers must not see."""
    settings.MEDIA_ROOT = tmp_path
    order = shipped_order(
        name="Wilhelmina Peeters", line1="Zebrastraat 3", email="wilhelmina@example.com", phone="+32470120000"
    )
    Store.objects.get_or_create(pk=1)
    add_note(order, "Calls on Friday.", Edit(make_user(is_staff=True).pk))
    return order


# Permissions to view rows that are about customers or staff.
ABOUT_PEOPLE = ("customer", "emailaddress", "giftcard", "invitation", "mail", "session", "staff", "user")


def test_who_views_everything_but_customers_sees_none_on_any_page_search_or_list(wilhelmina):
    client, found, opened = member(), {}, 0
    views = Permission.objects.filter(codename__startswith="view_")
    about_people = [f"view_{name}" for name in ABOUT_PEOPLE]
    User.objects.latest("pk").user_permissions.set(views.exclude(codename__in=about_people))
    variant = wilhelmina.lines.get().variant
    for entry in admin_pages():
        product = entry.name.startswith("catalog_product_")
        url = "/admin/" + entry.route
        for name, value in {
            "path:object_id": variant.product_id if product else wilhelmina.pk,
            "int:product_id": variant.product_id,
            "int:order_id": wilhelmina.pk,
            "slug:code": "main",
        }.items():
            url = url.replace(f"<{name}>", str(value))
        if "<" in url or "logout" in url:
            continue
        answer = client.get(url)
        opened += answer.status_code == 200
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        if leaked := [secret for secret in SECRETS if secret in content.decode(errors="replace")]:
            found[url] = leaked
    for term in ("Wilhelmina", "wilhelmina@example.com", "Zebrastraat", "Calls"):
        for url in ("/admin/search/", "/admin/search/suggest/", "/admin/orders/order/", "/admin/payments/payment/"):
            answer = client.get(url, {"q": term})
            if wilhelmina.number in answer.content.decode():
                found[f"{url}?q={term}"] = [wilhelmina.number]
    assert (found, opened > 30) == ({}, True)


def test_autocomplete_finds_nothing_that_its_reader_may_not_see(wilhelmina):
    client, found = member("Read-only"), {}
    user = User.objects.latest("pk")
    fields = chain.from_iterable(model._meta.concrete_fields for model in apps.get_models())
    # What is found depends on the model that a field refers to only.
    by_model = {field.related_model: field for field in fields if field.related_model in admin.site._registry}
    for model, field in by_model.items():
        for term in ("Wilhelmina", ""):
            names = ("app_label", "model_name", "field_name", "term")
            query = dict(
                zip(names, (field.model._meta.app_label, field.model._meta.model_name, field.name, term), strict=True)
            )
            answer = client.get("/admin/autocomplete/", query)
            if answer.status_code != 200:
                continue
            results = json.loads(answer.content)["results"]
            may_view = user.has_perm(f"{model._meta.app_label}.view_{model._meta.model_name}")
            if not may_view or (term and results) or any(secret in str(results) for secret in SECRETS):
                found[f"{field} {term}"] = results
    assert found == {}


def test_forms_of_one_order_do_not_reach_into_another():
    mine, theirs = shipped_order(), shipped_order(email="other@example.com")
    parcel = theirs.fulfillments.get()
    support, fulfilment = member("Support"), member("Fulfilment")
    sent = Mail.objects.count()
    for name in (f"parcel-{parcel.pk}", "canceled", "x"):
        assert support.post(f"/admin/orders/order/{mine.pk}/mail/", {"mail": name}).status_code == 422
    fields = {"parcel": parcel.pk, "carrier": "Evil", "tracking_url": "https://evil.example/"}
    assert fulfilment.post(f"/admin/orders/order/{mine.pk}/tracking/", fields).status_code == 422
    line = theirs.lines.get().pk
    assert fulfilment.post(
        f"/admin/orders/order/{mine.pk}/ship/", {f"line_{line}": 1, "carrier": "Evil"}
    ).status_code in (*(302, 422),)
    parcel.refresh_from_db()
    assert (
        parcel.carrier,
        theirs.fulfillments.count(),
        Mail.objects.filter(recipients=["other@example.com"]).count(),
    ) == (*("", 1, 2),)
    assert Mail.objects.exclude(recipients=["other@example.com"]).count() >= sent - 2


def test_a_private_view_of_somebody_else_is_not_deleted_and_their_run_not_started_without_its_permission():
    support = make_user(is_staff=True)
    view = SavedView.objects.create(owner=support, name="Mine", query="state=placed")
    run = plan_run(bulk_actions["cancel"], [make_order().pk], support)
    client = member("Fulfilment")
    client.post(f"/admin/orders/order/views/{view.pk}/delete/")
    assert client.post(f"/admin/orders/orderrun/{run.pk}/start/").status_code == 403
    run.refresh_from_db()
    assert (SavedView.objects.get(), run.status, run.user) == (view, "planned", support)


@pytest.mark.parametrize("page", ["mfa_edit_webauthn", "mfa_remove_webauthn"])
def test_a_passkey_of_somebody_else_is_neither_renamed_nor_removed(page, settings):
    settings.STAFF_SECOND_FACTOR = False
    key = Authenticator.objects.create(
        user=make_user(is_staff=True), type="webauthn", data={"name": "Anna's key", "credential": {}}
    )
    thief, client = make_user(is_staff=True), Client()
    thief.set_password(PASSPHRASE)
    thief.save()
    client.force_login(thief)
    client.post("/account/reauthenticate/", {"password": PASSPHRASE})
    assert client.post(reverse(page, args=[key.pk]), {"name": "Evil"}).status_code == 404
    key.refresh_from_db()
    assert key.data["name"] == "Anna's key"


def test_a_manager_reaches_no_login_of_staff():
    owner = make_user(is_staff=True, is_superuser=True)
    add_app(owner)
    client = member("Manager")
    before = (owner.password, owner.email, owner.authenticator_set.count())
    for url in (
        f"/admin/accounts/user/{owner.pk}/change/",
        f"/admin/accounts/user/{owner.pk}/password/",
        f"/admin/accounts/user/{owner.pk}/delete/",
        f"/admin/accounts/staff/{owner.pk}/change/",
        f"/admin/mfa/authenticator/{owner.authenticator_set.get().pk}/delete/",
    ):
        fields = {
            "email": "evil@example.com",
            "password1": PASSPHRASE,
            "password2": PASSPHRASE,
        }
        client.post(url, {**fields, "usable_password": "true", "post": "yes", "is_active": ""})
    owner.refresh_from_db()
    assert (owner.password, owner.email, owner.authenticator_set.count(), owner.is_active) == (*before, True)


def test_a_manager_makes_nobody_staff_by_the_pages_of_customers():
    client = member("Manager")
    customer = make_user(email="accomplice@example.com")
    fields = {"email": customer.email, "name": "A", "is_active": "on", "is_staff": "on", "is_superuser": "on"}
    fields |= {"groups": Group.objects.get(name="Owner").pk, "user_permissions": Permission.objects.first().pk}
    client.post(f"/admin/accounts/user/{customer.pk}/change/", fields)
    client.post(
        "/admin/accounts/user/add/", {**fields, "email": "second@example.com", "password1": "x", "password2": "x"}
    )
    assert not User.objects.filter(email__in=("accomplice@example.com", "second@example.com"), is_staff=True).exists()
    assert not customer.groups.exists()
    assert not customer.user_permissions.exists()


def test_an_invitation_does_not_open_the_account_of_somebody_who_is_staff_meanwhile():
    owner = make_user(is_staff=True, is_superuser=True)
    invite("anna@example.com", Group.objects.filter(name="Support"), by=owner)
    secret = Mail.objects.latest("pk").body.split("/invitation/")[1].split("/")[0]
    anna = make_user(email="anna@example.com", is_staff=True)
    add_app(anna)
    password = anna.password
    with pytest.raises(StaffRefused, match="is staff already"):
        accept(secret, password=PASSPHRASE, name="")
    anna.refresh_from_db()
    assert (anna.password, anna.authenticator_set.count(), anna.groups.count()) == (password, 1, 0)
    assert Invitation.objects.get().accepted_at is None


def bomb() -> bytes:
    """A small file of a picture with 400 million pixels."""
    buffer = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(buffer, "PNG")
    return buffer.getvalue()


def polyglot() -> bytes:
    """A picture that is a page with a script as well."""
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(buffer, "PNG")
    return buffer.getvalue() + b"<html><script>alert(1)</script></html>"


@pytest.mark.parametrize("field", ["logo", "icon"])
@pytest.mark.parametrize("name", ["logo.svg", "logo.png", "logo.html"])
@pytest.mark.parametrize(
    "content", [b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", bomb(), polyglot()]
)
def test_no_upload_of_a_logo_or_icon_is_served_as_it_was_sent(field, name, content, settings, tmp_path, admin_client):
    settings.MEDIA_ROOT = tmp_path
    Store.objects.create(pk=1, name="Loom")
    url = "/admin/catalog/store/1/change/"
    admin_client.post(url, {"name": "Loom", field: SimpleUploadedFile(name, content, content_type="image/png")})
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path.name for path in files if b"script" in path.read_bytes() or path.suffix in (".svg", ".html")] == []


def test_texts_of_staff_run_no_script_on_any_page(client, wilhelmina):
    attack = '<img src=x onerror=alert(1)><script>alert(2)</script><a href="javascript:alert(3)">x</a>'
    owner = member(is_superuser=True)
    Store.objects.update(announcement=attack[:90])
    page = Page.objects.create(section="help", slug="x", title="X" + attack[:30], body=attack)
    Customer.objects.create(email="wilhelmina@example.com", note=attack)
    add_note(wilhelmina, attack, Edit(User.objects.latest("pk").pk))
    urls = {
        "/": client,
        "/help/x/": client,
        f"/admin/catalog/page/{page.pk}/change/": owner,
        f"/admin/catalog/page/{page.pk}/history/": owner,
        f"/admin/orders/order/{wilhelmina.pk}/change/": owner,
        f"/admin/orders/order/{wilhelmina.pk}/history/": owner,
        f"/admin/orders/customer/order/{wilhelmina.pk}/": owner,
        "/admin/admin/logentry/": owner,
    }
    for url, reader in urls.items():
        answer = reader.get(url, follow=True)
        content = answer.content.decode()
        assert answer.status_code == 200, url
        assert "<img src=x" not in content, url
        assert "<script>alert" not in content, url
        assert 'href="javascript' not in content, url


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_no_page_sends_staff_to_another_site(target):
    client = member(is_superuser=True)
    for url in (
        f"/account/login/?next={target}",
        f"/admin/login/?next={target}",
        f"/account/logout/?next={target}",
        f"/account/reauthenticate/?next={target}",
    ):
        for send in (client.get, client.post):
            assert "evil" not in send(url).headers.get("Location", "").partition("?")[0], url
    client = member(is_superuser=True)
    for fields in ({"back": target}, {"back": f"?next={target}"}, {"back": f"?x\r\nLocation: {target}"}):
        answer = client.post("/admin/orders/order/bulk/", fields)
        assert answer.headers["Location"].startswith("/admin/orders/order/")
        assert "\n" not in answer.headers["Location"]
