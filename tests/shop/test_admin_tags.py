"""What the tags of the admin's pages write."""

import re
from datetime import timedelta

import pytest
from django import forms
from django.utils import timezone
from django.utils.safestring import mark_safe

from catalog.templatetags.admin_tags import ago, icon, label_of, labelled
from orders.admin.order_page import order_page
from shop.desk.navigation import SECTIONS
from shop.embedded.state import ROOT


@pytest.mark.parametrize(
    ("passed", "shown"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(minutes=7, seconds=59), "7 min ago"),
        (timedelta(minutes=59, seconds=50), "59 min ago"),
        (timedelta(hours=1), "1 h ago"),
        (timedelta(hours=47, minutes=59), "47 h ago"),
        (timedelta(hours=48), "2 days ago"),
        (timedelta(days=12), "12 days ago"),
    ],
)
def test_the_time_since_a_moment_is_told_in_one_unit(passed, shown):
    assert ago(timezone.now() - passed) == shown


def test_there_is_no_time_since_nothing():
    assert ago(None) == ""


def test_an_icon_is_hidden_from_screen_readers():
    assert (
        icon("tag", "s") == '<svg class="i s" aria-hidden="true"><use href="/static/img/admin-icons.svg#i-tag"/></svg>'
    )


def test_every_icon_that_pages_actions_and_the_navigation_name_is_drawn():
    drawn = set(re.findall(r'id="i-([\w-]+)"', (ROOT / "static/img/admin-icons.svg").read_text()))
    templates = "".join(path.read_text() for path in (ROOT / "templates").rglob("*.html"))
    named = set(re.findall(r'{% icon "([\w-]+)"', templates))
    named |= {action.icon for action in order_page.actions.values() if action.icon}
    named |= {section.icon for section in SECTIONS}
    assert named - drawn == set()


def test_a_cell_names_its_column_and_the_checkbox_does_not():
    cells = [mark_safe(text) for text in ('<td class="action-checkbox">x</td>', "<th>a</th>", '<td class="b">1</td>')]
    headers = [{"text": '<input type="checkbox">'}, {"text": "name"}, {"text": "in <stock>"}]
    assert list(labelled(cells, headers)) == [
        '<td data-l="" class="action-checkbox">x</td>',
        "<th>a</th>",
        '<td data-l="In &lt;stock&gt;" class="b">1</td>',
    ]


def test_the_label_of_a_field_has_no_colon():
    class Names(forms.Form):
        first = forms.CharField()

    assert label_of(Names()["first"]) == '<label for="id_first">First</label>'
