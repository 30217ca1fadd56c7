# syntax=docker/dockerfile:1
# The production image: web, worker and beat differ by command only (compose.yaml).

FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
RUN python -m venv /opt/venv
COPY requirements/base.txt /tmp/base.txt
RUN /opt/venv/bin/pip install --require-hashes --requirement /tmp/base.txt

FROM python:3.11-slim-bookworm
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    TOUCHSTONE_ENV=production \
    TOUCHSTONE_STATE=/srv/state \
    TOUCHSTONE_FILES=/srv/files
RUN useradd --system --uid 10001 --home-dir /srv --shell /usr/sbin/nologin touchstone \
 && mkdir -p /srv/app /srv/state /srv/files /srv/keys \
 && chown touchstone:touchstone /srv/state /srv/files /srv/keys
COPY --from=build /opt/venv /opt/venv
WORKDIR /srv/app
COPY manage.py ./
COPY config ./config
COPY attribution ./attribution
COPY campaigns ./campaigns
COPY segments ./segments
COPY customers ./customers
COPY compliance ./compliance
COPY templates ./templates
COPY static ./static
COPY locale ./locale
USER touchstone
# The settings insist on every secret; these are for this one command and stay in no layer's
# environment. No server is needed to collect files.
RUN TOUCHSTONE_NO_SERVERS=1 SECRET_KEY=build TOUCHSTONE_ENCRYPTION_KEYS=build \
    TOUCHSTONE_LOOKUP_KEY=build TOUCHSTONE_LINK_KEY=build TOUCHSTONE_PERSON_KEYS=build \
    TOUCHSTONE_PUBLIC_URL=https://build.invalid TOUCHSTONE_HOSTS=build.invalid \
    DATABASE_URL=postgresql://build.invalid/build REDIS_URL=redis://build.invalid/0 \
    python manage.py collectstatic --noinput
EXPOSE 8000
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", \
     "--workers", "1", "--blocking-threads", "8", "--no-ws", "--respawn-failed-workers", \
     "config.wsgi:application"]
