# docker build -t python-code-runner . && docker run -p 8080:8080 python-code-runner
#
# docs/docker.md says what each flag of `docker run` adds. Every step is in scripts/image.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build
WORKDIR /src
COPY scripts/install-deps scripts/image scripts/
RUN scripts/image tools
COPY . .
RUN scripts/image compile /out

FROM ${BASE} AS system
COPY scripts/install-deps scripts/image /scripts/
COPY --from=build /out/packages /scripts/
RUN /scripts/image libraries /scripts/packages
COPY --from=build /out/root /
RUN /scripts/image finish

# One layer, so that the hard links of the prepared tree cost nothing: a link to a file of another layer is a copy.
FROM scratch
COPY --from=system / /
LABEL org.opencontainers.image.title="python-code-runner" \
      org.opencontainers.image.description="Runs untrusted Python over HTTP, each script in a fresh, locked-down sandbox" \
      org.opencontainers.image.version="1.0.0" \
      org.opencontainers.image.licenses="MIT"
ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    LANG=C.UTF-8 \
    PYEXEC_LISTEN=:8080
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["/usr/libexec/pyexecd/pyexec-healthcheck"]
ENTRYPOINT ["/usr/bin/pyexecd"]
