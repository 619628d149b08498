"""Staff are invited by e-mail, get roles that the inviter may give, and are kept apart from customers."""

import re
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import settings as shop_settings
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from accounts.emails import account_mail, shop_name
from accounts.invitations import PAUSE
from accounts.models import Invitation, Staff, User
from accounts.staff import StaffRefused, check_change, givable_roles, roles_of
from catalog.models import Store
from shop.mail.outbox import parsed
from shop.models import Mail
from tests.accounts.second_factors import add_app, current_code
from tests.factories import make_user
from tests.reading import errors_of, find_all, form_of, messages_of, text_of

pytestmark = pytest.mark.django_db
STAFF = "/admin/accounts/staff/"
SET_UP = "/account/2fa/totp/activate/"


def employee(*roles: str, email: str = "", **fields) -> User:
    user = make_user(email, is_staff=True, **fields)
    user.groups.set(Group.objects.filter(name__in=roles))
    return user


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def ids(*names: str) -> list[str]:
    return [str(pk) for pk in Group.objects.filter(name__in=names).values_list("pk", flat=True)]


def invite(client: Client, email: str = "jo@example.com", *roles: str):
    return client.post(f"{STAFF}add/", {"email": email, "roles": ids(*(roles or ("Fulfilment",)))})


def link_in(mail: Mail) -> str:
    text = parsed(mail).get_body(("plain",)).get_content()
    return re.search(rf"{re.escape(shop_settings.SHOP_URL)}(/account/invitation/\S+)", text)[1]


def newest_link() -> str:
    return link_in(Mail.objects.filter(recipients=["jo@example.com"]).latest("pk"))


def test_an_invitation_leads_over_password_and_second_factor_to_the_desk(settings):
    settings.STAFF_SECOND_FACTOR = False
    owner = client_of(employee("Owner", name="Mara"))
    assert invite(owner, "Jo@Example.com", "Fulfilment", "Support").url == STAFF
    settings.STAFF_SECOND_FACTOR = True
    jo, link = Client(), newest_link()
    page = jo.get(link)
    assert ("Mara has invited you" in text_of(page), "jo@example.com" in text_of(page)) == (True, True)
    answer = jo.post(link, {"name": "Jo Berg", "password1": "a long new passphrase"})
    assert answer.url == "/admin/"
    assert jo.get("/admin/").url == SET_UP
    setup = jo.get(SET_UP)

    answer = jo.post(SET_UP, {"code": current_code(setup.context["form"].secret)})
    codes = jo.get(answer.url)
    assert find_all(codes, "a", href="/admin/")[0].text == "Open the desk"
    assert jo.get("/admin/").status_code == 200
    member = Staff.objects.get(email="jo@example.com")
    assert (member.name, roles_of(member), member.is_superuser) == ("Jo Berg", {"Fulfilment", "Support"}, False)
    assert EmailAddress.objects.get(user=member).verified
    assert Client().get(link).status_code == 410


def let_pause_pass() -> None:
    Invitation.objects.update(sent_at=timezone.now() - PAUSE)


def test_an_invitation_can_be_taken_back_sent_again_and_runs_out():
    owner = client_of(employee("Owner"))
    invite(owner)
    first, invitation = newest_link(), Invitation.objects.get()
    early = owner.post(f"{STAFF}invitation/{invitation.pk}/send/", follow=True)
    assert messages_of(early)[1:] == [
        "The invitation was just sent to jo@example.com. You can send it again 5 minutes after that."
    ]
    assert newest_link() == first
    let_pause_pass()
    owner.post(f"{STAFF}invitation/{invitation.pk}/send/")
    second = newest_link()
    assert [Client().get(link).status_code for link in (first, second)] == [410, 200]
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert (Client().get(second).status_code, "Run out" in text_of(owner.get(STAFF))) == (410, True)
    let_pause_pass()
    owner.post(f"{STAFF}invitation/{invitation.pk}/send/")
    third = newest_link()
    owner.post(f"{STAFF}invitation/{invitation.pk}/revoke/")
    assert Client().post(third, {"password1": "a long new passphrase"}).status_code == 410
    assert owner.post(f"{STAFF}invitation/{invitation.pk}/send/").status_code == 404
    assert not User.objects.filter(email="jo@example.com").exists()
    messages = LogEntry.objects.order_by("pk").values_list("change_message", flat=True)
    assert list(messages) == ["Invited, with the roles Fulfilment", "Sent again.", "Sent again.", "Taken back."]


def test_the_link_is_not_stored_and_a_second_invitation_replaces_the_first():
    owner = client_of(employee("Owner"))
    invite(owner)
    first = newest_link()
    invite(owner, "jo@example.com", "Support")
    assert Client().get(first).status_code == 410
    secret = newest_link().split("/")[-2]
    assert not Invitation.objects.filter(secret_hash__contains=secret).exists()
    assert Invitation.objects.filter(revoked_at=None).count() == 1


def test_staff_are_not_invited_again_and_an_invitation_needs_a_role():
    owner = client_of(employee("Owner"))
    employee("Support", email="jo@example.com")
    answer = invite(owner)
    assert (answer.status_code, Invitation.objects.count()) == (422, 0)
    assert "This person is staff already." in text_of(answer)
    answer = owner.post(f"{STAFF}add/", {"email": "new@example.com"})
    assert (answer.status_code, "Choose at least one role." in text_of(answer)) == (422, True)
    assert form_of(answer)["email"] == "new@example.com"


def test_a_customer_who_is_invited_keeps_the_account():
    owner, customer = client_of(employee("Owner")), make_user("jo@example.com", name="Jo")
    invite(owner)
    Client().post(newest_link(), {"name": "", "password1": "a long new passphrase"})
    member = User.objects.get(email="jo@example.com")
    assert (member.pk, member.name, member.is_staff) == (customer.pk, "Jo", True)


def test_a_second_factor_or_address_that_an_account_had_before_does_not_open_the_desk(settings):
    owner, customer = client_of(employee("Owner")), make_user("jo@example.com")
    add_app(customer)
    Authenticator.objects.create(user=customer, type=Authenticator.Type.WEBAUTHN, data={"name": "Somebody's"})
    EmailAddress.objects.create(user=customer, email="somebody@example.com", verified=False)
    invite(owner)
    settings.STAFF_SECOND_FACTOR = True
    jo = Client()
    assert jo.post(newest_link(), {"name": "Jo", "password1": "a long new passphrase"}).url == "/admin/"
    assert not Authenticator.objects.exists()
    assert [row.email for row in EmailAddress.objects.filter(user=customer)] == ["jo@example.com"]
    assert jo.get("/admin/").url == SET_UP


def test_an_invitation_of_somebody_who_may_no_longer_give_the_role_does_not_work():
    mara = employee("Owner")
    invite(client_of(mara))
    mara.is_active = False
    mara.save()
    assert Client().post(newest_link(), {"password1": "a long new passphrase"}).status_code == 410
    assert not User.objects.filter(email="jo@example.com").exists()


def test_nobody_gives_a_role_that_allows_more_than_the_own_ones():
    support = employee("Support")
    support.user_permissions.set([*Group.objects.get(name="Owner").permissions.filter(codename__endswith="_staff")])
    client = client_of(User.objects.get(pk=support.pk))
    assert givable_roles(User.objects.get(pk=support.pk)) == {"Support"}
    assert invite(client, "jo@example.com", "Owner").status_code == 422
    assert (invite(client, "jo@example.com", "Support").status_code, Invitation.objects.count()) == (302, 1)
    owner, colleague = employee("Owner"), employee("Support")
    assert client.post(f"{STAFF}{owner.pk}/change/", {"name": "x"}).status_code == 403
    fields = form_of(client.get(f"{STAFF}{colleague.pk}/change/"), id="staff_form")
    answer = client.post(f"{STAFF}{colleague.pk}/change/", {**fields, "roles": ids("Owner", "Support")})
    assert errors_of(answer) == ["You cannot give or take the role Owner, because it allows more than yours."]
    assert roles_of(User.objects.get(pk=colleague.pk)) == {"Support"}


def test_an_owner_changes_roles_and_the_history_says_so():
    mara, colleague = employee("Owner", name="Mara"), employee("Support", name="Ruth")
    client = client_of(mara)
    fields = form_of(client.get(f"{STAFF}{colleague.pk}/change/"), id="staff_form")
    assert (
        client.post(f"{STAFF}{colleague.pk}/change/", {**fields, "roles": ids("Finance", "Support")}).status_code == 302
    )
    assert roles_of(User.objects.get(pk=colleague.pk)) == {"Finance", "Support"}
    history = text_of(client.get(f"{STAFF}{colleague.pk}/history/"))
    assert ("Mara" in history, "Groups Support Support, Finance" in history) == (True, True), history


@pytest.mark.parametrize("change", [{"roles": []}, {"is_active": ""}])
def test_the_last_owner_stays(change):
    owner = employee("Owner")
    client = client_of(owner)
    fields = {**form_of(client.get(f"{STAFF}{owner.pk}/change/"), id="staff_form"), "roles": ids("Owner")}
    answer = client.post(f"{STAFF}{owner.pk}/change/", {**fields, **change})
    assert errors_of(answer) == ["This is the last owner. Make somebody else an owner first."]
    employee("Owner")
    assert client.post(f"{STAFF}{owner.pk}/change/", {**fields, **change}).status_code == 302


def test_two_owners_cannot_remove_each_other_at_once():
    first, second = (Staff.objects.get(pk=employee("Owner").pk) for _ in range(2))
    check_change(first, [], is_active=True, by=second)
    first.groups.clear()
    with pytest.raises(StaffRefused):
        check_change(second, [], is_active=True, by=first)


def test_deactivated_staff_are_logged_out():
    colleague = employee("Support")
    theirs, owner = client_of(colleague), client_of(employee("Owner"))
    assert theirs.get("/admin/").status_code == 200
    fields = form_of(owner.get(f"{STAFF}{colleague.pk}/change/"), id="staff_form")
    owner.post(f"{STAFF}{colleague.pk}/change/", {**fields, "roles": ids("Support"), "is_active": ""})
    assert theirs.get("/admin/").status_code == 302


def test_staff_are_not_among_customers_and_customers_not_among_staff():
    owner, customer = employee("Owner"), make_user("customer@example.com")
    client = client_of(owner)
    assert list(client.get("/admin/accounts/user/").context["cl"].result_list) == [customer]
    assert [row.pk for row in client.get(STAFF).context["cl"].result_list] == [owner.pk]
    assert client.get(f"/admin/accounts/user/{owner.pk}/change/").status_code == 302
    form = client.get(f"/admin/accounts/user/{customer.pk}/change/").context["adminform"].form
    assert {"is_staff", "is_superuser", "password"} & set(form.fields) == set()
    assert not set(form.fields["groups"].queryset.values_list("name", flat=True)) & {"Owner", "Support"}


def test_each_role_says_what_it_may_do():
    page = text_of(client_of(employee("Owner")).get(f"{STAFF}add/"))
    assert "Fulfilment: Ships orders and counts stock." in page


def test_whoever_invites_again_is_told_that_the_former_link_is_void():
    owner = client_of(employee("Owner"))
    sentences = [
        messages_of(owner.get(invite(owner, "jo@example.com", role).url)) for role in ("Fulfilment", "Support")
    ]
    sent = "The invitation was sent to jo@example.com."
    assert sentences == [[sent], [f"{sent} The former invitation no longer works."]]
    assert "Enter the e-mail address of the new person." in text_of(owner.post(f"{STAFF}add/", {"email": ""}))


def test_e_mails_about_accounts_name_the_shop_as_its_settings_do(settings):
    settings.DEFAULT_FROM_EMAIL = "Hearth <shop@hearth.example>"
    assert shop_name() == "Hearth"
    Store.objects.create(pk=1, name="Reef & Cove")
    mail = account_mail("account/email/staff_invitation", "bea@example.com", {"inviter": "Ada", "invitation_url": "/"})
    assert mail.subject == "You are invited to work at Reef & Cove"
    assert "Ada invites you to the team of Reef & Cove." in mail.body
