from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    name = "payments"

    def ready(self) -> None:
        from catalog.admin.tile_registry import tiles  # noqa: PLC0415  (models are ready only now)
        from orders.admin.order_list import payment_readers  # noqa: PLC0415
        from orders.admin.order_page import order_page  # noqa: PLC0415  (as above)
        from orders.people import refunds  # noqa: PLC0415
        from orders.problems import problems  # noqa: PLC0415
        from payments import bulk_cancel, canceled_mails  # noqa: F401, PLC0415  (they register themselves)
        from payments.admin.cancel_action import CANCEL  # noqa: PLC0415
        from payments.admin.order_list import PROBLEMS, REFUNDED_MINOR, payment_cells  # noqa: PLC0415
        from payments.admin.order_page import MONEY, PAYMENTS  # noqa: PLC0415
        from payments.admin.tiles import TILES  # noqa: PLC0415

        order_page.add(MONEY, PAYMENTS, CANCEL)
        tiles.add(*TILES)
        payment_readers.append(payment_cells)
        refunds.append(REFUNDED_MINOR)
        problems.add(*PROBLEMS)
