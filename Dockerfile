ARG PYTHON_IMAGE=docker.io/library/python:3.13-slim-trixie

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1
RUN python3 -m venv /opt/aggregator
WORKDIR /build
COPY requirements-build.txt requirements.txt ./
RUN /opt/aggregator/bin/pip install --quiet --require-hashes -r requirements-build.txt \
 && /opt/aggregator/bin/pip install --quiet --require-hashes --no-build-isolation -r requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY aggregator aggregator
RUN /opt/aggregator/bin/pip install --quiet --no-deps --no-build-isolation . \
 && /opt/aggregator/bin/pip uninstall --quiet --yes setuptools \
 && /opt/aggregator/bin/python -m compileall -q /opt/aggregator/lib

FROM ${PYTHON_IMAGE}
RUN groupadd --gid 10001 aggregator \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin aggregator \
 && install -d -o 10001 -g 10001 /data
COPY --from=build /opt/aggregator /opt/aggregator
COPY LICENSE /usr/share/doc/aggregator/
# The operator's own directory is mounted over this one.
COPY feeds.yaml /config/feeds.yaml
COPY samples /config/samples
ENV PATH=/opt/aggregator/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    AGGREGATOR_CONFIG=/config/feeds.yaml AGGREGATOR_DATA_DIR=/data
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --retries=3 \
    CMD ["aggregator", "healthcheck", "--listen", "127.0.0.1:8080"]
ENTRYPOINT ["aggregator"]
CMD ["run", "--listen", "0.0.0.0:8080"]
