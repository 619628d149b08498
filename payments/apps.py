from django.apps import AppConfig
from django.db.models.signals import post_migrate


class PaymentsConfig(AppConfig):
    name = "payments"

    def ready(self) -> None:
        from catalog.admin.tile_registry import tiles  # noqa: PLC0415  (models are ready only now)
        from orders.admin.order_list import payment_readers  # noqa: PLC0415
        from orders.admin.order_page import order_page  # noqa: PLC0415  (as above)
        from orders.charging import CHARGINGS  # noqa: PLC0415
        from orders.checkout.ways_to_pay import WAYS  # noqa: PLC0415
        from orders.emails import CHARGE_NOTES  # noqa: PLC0415
        from orders.fulfillment import HOLDS  # noqa: PLC0415
        from orders.people import refunds  # noqa: PLC0415
        from orders.problems import problems  # noqa: PLC0415
        from payments import bulk_cancel, canceled_mails, ways_to_pay  # noqa: F401, PLC0415  (the first two register themselves)
        from payments.admin.authorization_actions import AUTHORIZATION_ACTIONS  # noqa: PLC0415
        from payments.admin.cancel_action import CANCEL  # noqa: PLC0415
        from payments.admin.dispute_page import ANSWER_ACTION, DISPUTES  # noqa: PLC0415
        from payments.admin.offline_actions import OFFLINE_ACTIONS  # noqa: PLC0415
        from payments.admin.order_list import PROBLEMS, REFUNDED_MINOR, payment_cells  # noqa: PLC0415
        from payments.admin.order_page import MONEY, PAYMENTS, REFUNDS  # noqa: PLC0415
        from payments.admin.refund_decisions import DECISIONS  # noqa: PLC0415
        from payments.admin.refund_page import REFUND_ACTION  # noqa: PLC0415
        from payments.admin.risk_action import ACCEPT_RISK  # noqa: PLC0415
        from payments.admin.tiles import TILES  # noqa: PLC0415
        from payments.authorizations import hold_of as hold_of_authorized  # noqa: PLC0415
        from payments.charging import CHARGING, note  # noqa: PLC0415
        from payments.disputes import hold_of  # noqa: PLC0415
        from payments.offline_methods import create_methods  # noqa: PLC0415
        from payments.offline_notes import sentence_of  # noqa: PLC0415
        from payments.refund_limits import create_limits  # noqa: PLC0415
        from payments.risk import hold_of as hold_of_risky  # noqa: PLC0415

        order_page.add(MONEY, REFUNDS, DISPUTES, PAYMENTS)
        order_page.add(CANCEL, REFUND_ACTION, *DECISIONS, ANSWER_ACTION, ACCEPT_RISK, *AUTHORIZATION_ACTIONS)
        order_page.add(*OFFLINE_ACTIONS)
        tiles.add(*TILES)
        payment_readers.append(payment_cells)
        refunds.append(REFUNDED_MINOR)
        problems.add(*PROBLEMS)
        HOLDS.extend([hold_of, hold_of_authorized, hold_of_risky])
        CHARGINGS.append(CHARGING)
        CHARGE_NOTES.extend([note, sentence_of])
        WAYS.extend([ways_to_pay.online, ways_to_pay.offered_offline])
        post_migrate.connect(create_limits)
        post_migrate.connect(create_methods, sender=self)
