# The image holds one static binary and the CA certificates: no shell, no libraries, no root.
#
#   docker build --build-arg VERSION=$(git describe --tags --always) -t fedwarden .
#   docker run --group-add $(getent group adm | cut -d: -f3) -v /var/log/nginx:/logs:ro \
#     -v fedwarden:/var/lib/fedwarden fedwarden run /logs/access.log
#
# It reads files that are mounted; mount their directories, since a file that is rotated would stay the old
# one. The journal is for the systemd unit: there is no journalctl here. cmd/fedwarden/deploy has a Compose
# and a Kubernetes sidecar.

FROM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=""
# timetzdata: there is no zone file in the image, and an input may name a zone.
RUN CGO_ENABLED=0 go build -buildvcs=false -trimpath -tags timetzdata -ldflags "-s -w -X main.version=${VERSION}" -o /out/fedwarden ./cmd/fedwarden \
 && mkdir -p /out/state

FROM scratch
ARG VERSION=""
ARG REVISION=""
ARG CREATED=""
LABEL org.opencontainers.image.title="fedwarden" \
      org.opencontainers.image.description="Watches a Mastodon server's logs and tells who floods, spams, probes or takes over" \
      org.opencontainers.image.source="https://github.com/fedwarden/fedwarden" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/fedwarden /fedwarden
COPY --from=build --chown=65532:65532 /out/state /var/lib/fedwarden
USER 65532:65532
VOLUME ["/var/lib/fedwarden"]
STOPSIGNAL SIGTERM
# It asks the address that `listen` has in the file that FEDWARDEN_CONFIG names, or the default: a --config of
# `run` alone it can't know.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["/fedwarden", "health"]
ENTRYPOINT ["/fedwarden"]
CMD ["run"]
