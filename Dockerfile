# Saddlepoint with torch's CPU build; `saddle` is the command, runs land in the mounted folder:
#   docker build -t saddlepoint .
#   docker run --rm -v "$PWD:/data" saddlepoint train dcgan --data digits --images 20000
FROM python:3.11-slim

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 SADDLEPOINT_CACHE=/data/.saddlepoint

WORKDIR /app
COPY constraints.txt ./
RUN pip install --constraint constraints.txt torch --index-url https://download.pytorch.org/whl/cpu
COPY pyproject.toml README.md LICENSE ./
COPY src ./src
RUN pip install --constraint constraints.txt ".[serve,postgresql,video,export,shape]"

RUN useradd --create-home saddle && mkdir /data && chown saddle /data
USER saddle
WORKDIR /data
EXPOSE 8000
ENTRYPOINT ["saddle"]
CMD ["--help"]
