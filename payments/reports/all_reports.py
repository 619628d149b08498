"""The list of all reports."""

from payments.reports.cohorts import COHORTS
from payments.reports.money import GIFT_CARDS, PAYMENTS
from payments.reports.products import PRODUCTS, PROMOTIONS, STOCK
from payments.reports.sales import SALES
from payments.reports.taxes import TAXES

REPORTS = {report.code: report for report in (SALES, TAXES, PRODUCTS, STOCK, PAYMENTS, GIFT_CARDS, PROMOTIONS, COHORTS)}
