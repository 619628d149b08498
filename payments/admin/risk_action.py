"""Staff accept the risk that Stripe sees in a payment, after they have checked the order."""

from dataclasses import dataclass

from django.urls import reverse

from accounts.models import User
from catalog.admin.base import Question
from orders.admin.order_page import Action
from orders.admin.order_page.registry import Place
from orders.editing import version_of
from orders.models import Order
from payments.admin.reading import payments_of
from payments.risk import accept_risk


@dataclass(frozen=True, kw_only=True)
class RiskQuestion(Question):
    """The question whether to accept the risk, with the newest event that its page knows."""

    version: int


def _refusal(order: Order) -> str:
    is_risky = any(payment.is_risky for payment in payments_of(order))
    return "" if is_risky and order.is_paid else f"No payment of {order.number} has a risk to accept."


def _question(order: Order, _user: User) -> RiskQuestion:
    risky = [payment for payment in payments_of(order) if payment.is_risky]
    return RiskQuestion(
        title=f"Accept the risk of {order.number}",
        sentences=[
            "Stripe sees a risk of fraud.",
            *(f"{payment.shown_method}: {payment.shown_risk.lower()}." for payment in risky),
            "Compare the name, the addresses and the items with what you know of the customer.",
            "After that, the order can ship as usual and is no longer marked in the order list.",
        ],
        button="Accept the risk",
        back=reverse("admin:orders_order_change", args=[order.pk]),
        back_name=order.number,
        version=version_of(order),
    )


def _accept(order: Order, by: int, question: RiskQuestion) -> str:
    accept_risk(order, user_id=by, seen=question.version)
    return f"The risk of {order.number} was accepted."


ACCEPT_RISK = Action(
    "accept-risk",
    "Accept the risk",
    "orders.cancel_order",
    6,
    _refusal,
    _accept,
    question=_question,
    place=Place.BESIDE,
    icon="warn",
)
