"""Read the shopper's account, cart and buyer from a request, for the views of orders and payments."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from accounts.limits.throttle import Limit, client_ip
from catalog.markets import market_of
from orders.cart import find_cart, parse_token
from orders.cart.codes import enter_code
from orders.customers import Buyer
from orders.models import Cart

ADDING = Limit("add-to-cart", 60, 60)
CODES = Limit("code", 10, 600)  # unknown codes entered from one IP address


def user_id_of(request: HttpRequest) -> int | None:
    """Return the logged-in user's id, or None. Without a session cookie, no session is read."""
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return None
    return request.user.pk


def current_cart(request: HttpRequest) -> Cart | None:
    """Return the shopper's cart, open or ordered, or None."""
    token = parse_token(request.COOKIES.get(settings.CART_COOKIE_NAME, ""))
    user_id = user_id_of(request)
    if not token and not user_id:
        return None
    return find_cart(token=token, user_id=user_id)


def remember_cart(response: HttpResponse, cart: Cart) -> HttpResponse:
    """Store the cart's token in a cookie for CART_COOKIE_AGE (30 days), and return the response."""
    response.set_cookie(
        settings.CART_COOKIE_NAME,
        str(cart.token),
        max_age=settings.CART_COOKIE_AGE,
        secure=settings.SHOP_HTTPS,
        httponly=True,
        samesite="Lax",
    )
    return response


def buyer_of(request: HttpRequest, cart: Cart) -> Buyer:
    """Return what is known about the shopper: the cart's country, and the account's e-mail address."""
    market = market_of(cart.market)
    user_id = user_id_of(request)
    country = cart.country if cart.country in market.countries else market.countries[0]
    return Buyer(country, email=request.user.email if user_id else "", user_id=user_id)


def try_code(request: HttpRequest, cart: Cart) -> None:
    """Add the posted code to the cart. Only codes that are refused count towards the limit."""
    ip = client_ip(request)
    CODES.take(ip)
    enter_code(cart, request.POST.get("code", ""))
    CODES.give_back(ip)
