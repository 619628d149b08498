"""gunicorn's settings: `gunicorn -c shop/web_server.py shop.wsgi`."""

import os

os.environ["SHOP_PROCESS"] = "web"
bind = os.environ.get("SHOP_BIND", "127.0.0.1:8000")
workers = int(os.environ.get("SHOP_WEB_WORKERS", "2"))
threads = int(os.environ.get("SHOP_WEB_THREADS", "4"))
worker_class = "gthread"
timeout = 30
graceful_timeout = int(os.environ.get("SHOP_WEB_GRACE", "25"))
keepalive = 5
limit_request_line = 4094
limit_request_fields = 60
limit_request_field_size = 8190
# Requests are logged by the application, with their id.
accesslog = None
loglevel = "warning"
control_socket_disable = True
# Which proxies are believed is said in one place, SHOP_TRUSTED_PROXIES; by default gunicorn believes any on this machine.
forwarded_allow_ips = ""
