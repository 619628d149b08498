"""The devices that an account is used from. The owner is notified of logins from a new device."""

import ipaddress
import re

from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from accounts.limits.throttle import client_ip
from accounts.models import KnownDevice

# A provider often changes the IP addresses of its customers, but rarely these leading bits.
IPV4_NETWORK, IPV6_NETWORK = 16, 32
BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
SYSTEMS = (
    *(("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows")),
    *(("Macintosh", "Mac"), ("Linux", "Linux")),
)


def device_name(user_agent: str) -> str:
    """The device's name, like "Firefox on Linux", from its User-Agent header."""
    browser = next((name for sign, name in BROWSERS if sign in user_agent), "")
    system = next((name for sign, name in SYSTEMS if sign in user_agent), "")
    return " on ".join(part for part in (browser, system) if part) or "An unknown browser"


def remember_device(request: HttpRequest, user: AbstractBaseUser) -> bool:
    """Record that the account is used from this device, and return whether the device is new."""
    key = salted_hmac("accounts.devices", f"{user.pk}|{_network(client_ip(request))}|{_browser(request)}").hexdigest()
    device, is_new = KnownDevice.objects.get_or_create(user_id=user.pk, key=key)
    if not is_new:
        device.save(update_fields=["seen_at"])
    return is_new


def _network(ip: str) -> str:
    try:
        address = ipaddress.ip_address(ip)
    except ValueError:
        return ip
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    bits = IPV4_NETWORK if address.version == 4 else IPV6_NETWORK
    return str(ipaddress.ip_network((address.packed, bits), strict=False))


def _browser(request: HttpRequest) -> str:
    """The User-Agent header without version numbers, so that an updated browser is not a new device."""
    return re.sub(r"[\d.]+", "", request.headers.get("User-Agent", ""))
