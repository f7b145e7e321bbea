# The app and the service in one image, CPU only: docker build -t macrid .
#   docker run --rm -p 127.0.0.1:8501:8501 -v macrid-models:/models macrid                                  # the app
#   docker run --rm -p 127.0.0.1:8700:8700 macrid serve shop --host 0.0.0.0                                 # the service
# It runs with a read-only root: what people train goes to the volume /models, all else to /tmp.
FROM python:3.12-slim AS build
WORKDIR /src
COPY requirements.txt requirements.lock ./
# PyTorch at its pinned version from the index of its CPU builds; all else by the hashes of the lock, and nothing besides.
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --no-deps --index-url https://download.pytorch.org/whl/cpu "$(grep '^torch==' requirements.txt)" \
    && /venv/bin/pip install --no-cache-dir --no-deps --require-hashes -r requirements.lock \
    && /venv/bin/pip check
COPY . .
RUN /venv/bin/pip install --no-cache-dir --no-deps "hatchling>=1.27" \
    && /venv/bin/pip wheel --no-cache-dir --no-deps -w /dist . \
    && /venv/bin/pip install --no-cache-dir --no-deps /dist/*.whl \
    && /venv/bin/pip uninstall -y hatchling

FROM python:3.12-slim
RUN useradd --create-home --uid 10001 macrid && mkdir /models && chown macrid /models
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 NUMBA_CACHE_DIR=/tmp/numba HOME=/tmp \
    MACRID_DATA=/models/.data MACRID_RESULTS=/models/.results
USER 10001
# ./models is where people's own bundles go; those that ship are found beside it.
WORKDIR /
VOLUME /models
EXPOSE 8501 8700
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(os.environ.get('MACRID_HEALTH', 'http://localhost:8501/_stcore/health'), timeout=4)"]
ENTRYPOINT ["macrid"]
CMD ["app", "--host", "0.0.0.0"]
