# Builds cvp with the Postgres parser in C and OpenBLAS; runs it as a user without rights.
FROM golang:1.26-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends libopenblas-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
# The modules first: they change less often than the code.
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN go build -trimpath -tags=openblas -o /cvp ./cmd/cvp

FROM debian:bookworm-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libopenblas0-pthread \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home cvp
COPY --from=build /cvp /usr/local/bin/cvp
USER 10001
ENV CVP_LISTEN=0.0.0.0:6432
EXPOSE 6432
# The server is up when it takes connections; who may log in is for Postgres to say.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/6432"]
ENTRYPOINT ["cvp"]
CMD ["serve"]
