"""Tests of tests/reading.py with a page that has every kind of element."""

import pytest

from tests.reading import (
    errors_of,
    find,
    find_all,
    form_of,
    images_of,
    links_of,
    messages_of,
    rows_of,
    text_of,
    title_of,
)

PAGE = """
<html><head><title>Error:
    A page</title><script>hidden()</script></head>
<body>
<p role="status">Saved.</p><ul class="errorlist nonfield"><li>Too &amp; short</li></ul>
<p>Add <strong>€12.00</strong>
    for free delivery</p><p>Next</p>
<a href="/x/"><img src="/x.webp" alt="A cup"></a><a href="/x/">Cup</a>
<table><tr><th>Name</th><td>Cup <b>1</b></td></tr></table>
<form class="filters wide" action="/go/">
  <input name="typed" value="&quot;a&quot;"><input type="checkbox" name="on" checked><input type="checkbox" name="off">
  <input type="radio" name="size" value="s"><input type="radio" name="size" value="m" checked>
  <select name="country"><option value="DE">Germany</option><option value="AT" selected>Austria</option></select>
  <select name="first"><option value="1">One</option></select>
  <select name="many" multiple><option selected>a</option><option>b</option><option selected>c</option></select>
  <textarea name="note">
A &lt;note&gt;</textarea><input name="fixed" value="1" disabled>
  <input type="submit" name="press" value="Send">
</form>
</body></html>
"""


def test_text_of_returns_the_visible_text():
    text = "Saved. Too & short Add €12.00 for free delivery Next Cup Name Cup 1 Germany Austria One a b c A <note> Send"
    assert text_of(PAGE) == text
    assert title_of(PAGE) == "Error: A page"


def test_form_of_returns_what_a_browser_would_send():
    assert form_of(PAGE, class_="filters") == {
        "typed": '"a"',
        "on": "on",
        "size": "m",
        "country": "AT",
        "first": "1",
        "many": ["a", "c"],
        "note": "A <note>",
    }


def test_links_images_rows_messages_and_errors_are_read():
    assert (links_of(PAGE), images_of(PAGE)) == ({"/x/": "Cup"}, {"/x.webp": "A cup"})
    assert (rows_of(PAGE), messages_of(PAGE), errors_of(PAGE)) == ([["Name", "Cup 1"]], ["Saved."], ["Too & short"])


def test_find_needs_exactly_one_match():
    assert find(PAGE, "form", class_="wide").attributes["action"] == "/go/"
    assert [option.text for option in find_all(PAGE, "option", selected=True, value=True)] == ["Austria"]
    assert find_all(PAGE, "form", class_="fil") == []
    with pytest.raises(AssertionError, match="2 elements are a with"):
        find(PAGE, "a", href="/x/")
