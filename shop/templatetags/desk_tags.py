"""Template filters for the words of the desk."""

from django import template

from shop.desk import list_texts, navigation

register = template.Library()
register.filter(list_texts.list_title)
register.filter(list_texts.list_purpose)
register.filter(list_texts.add_label)
register.filter(navigation.stands_in_settings)
