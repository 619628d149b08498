# One image for web, worker and commands. Build: docker build -t mercer .
FROM python:3.13-slim
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /srv/mercer
RUN useradd --system --uid 10001 --home-dir /srv/mercer mercer && mkdir -p /srv/mercer/media && chown mercer /srv/mercer/media
COPY bin/requirements/production.txt bin/requirements/production.txt
RUN pip install --no-cache-dir --no-deps --require-hashes -r bin/requirements/production.txt
COPY manage.py pyproject.toml ./
COPY accounts accounts
COPY catalog catalog
COPY orders orders
COPY payments payments
COPY shop shop
COPY static static
COPY templates templates
# Static files are hashed at build time; the keys here only let the settings load.
RUN DATABASE_URL=postgres://x@localhost/x SHOP_SECRET_KEY=build SHOP_URL=https://build.example SHOP_TRUSTED_PROXIES=1 STRIPE_SECRET_KEY=sk_live_build \
    STRIPE_WEBHOOK_SECRETS=whsec_build REDIS_URL=redis://localhost/0 EMAIL_URL=smtp://localhost \
    python manage.py collectstatic --noinput
USER mercer
EXPOSE 8000
ENV SHOP_BIND=0.0.0.0:8000
CMD ["gunicorn", "-c", "shop/web_server.py", "shop.wsgi"]
