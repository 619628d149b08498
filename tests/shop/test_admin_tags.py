"""What the tags of the admin's pages write."""

from datetime import timedelta

import pytest
from django import forms
from django.utils import timezone
from django.utils.safestring import mark_safe

from catalog.templatetags.admin_tags import age, icon, label_of, labelled


@pytest.mark.parametrize(
    ("passed", "shown"),
    [
        (timedelta(seconds=-5), "0 min"),
        (timedelta(minutes=7, seconds=59), "7 min"),
        (timedelta(minutes=59, seconds=50), "59 min"),
        (timedelta(hours=1), "1 h"),
        (timedelta(hours=47, minutes=59), "47 h"),
        (timedelta(hours=48), "2 days"),
        (timedelta(days=12), "12 days"),
    ],
)
def test_an_age_is_told_in_one_unit(passed, shown):
    assert age(timezone.now() - passed) == shown


def test_nothing_has_no_age():
    assert age(None) == ""


def test_an_icon_is_hidden_from_screen_readers():
    assert (
        icon("tag", "s") == '<svg class="i s" aria-hidden="true"><use href="/static/img/admin-icons.svg#i-tag"/></svg>'
    )


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
