"""The permissions of the order page that more than one of its parts asks for."""

SEE_CUSTOMER = "orders.see_customer_order"
SEE_EVIDENCE = "orders.see_evidence_order"
SHIP = "orders.ship_order"
EDIT = "orders.edit_order"
NOTE = "orders.note_order"
MAIL = "orders.mail_order"
