# An image that builds images, as an ordinary user and without the engine's socket: buildah, its storage in a volume.
# RUN steps of what it builds see a root that is the container's user; what that needs stands in the README.
# The tests did not pull it, but build on an image like it: bases.sh.
ARG BUILD_BASE=debian:trixie-slim@sha256:3a39a0592364683e6bab97937b72cad5a8fa6dcbbee90edb3bb48c7f8e94f258

FROM ${BUILD_BASE}
# Two programs may give a user further ids, by a capability of the file and not as root; nothing else has a setuid bit.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends buildah=1.39.* libcap2-bin=1:2.* netavark=1.14.* uidmap=1:4.17.* \
    && rm -rf /var/lib/apt/lists/* \
    && find / -xdev -type f -perm /6000 -exec chmod a-s {} + \
    && setcap cap_setuid=ep /usr/bin/newuidmap \
    && setcap cap_setgid=ep /usr/bin/newgidmap \
    && apt-get purge --yes libcap2-bin \
    && useradd --uid 1000 --create-home build \
    && echo 'build:100000:65536' > /etc/subuid \
    && cp /etc/subuid /etc/subgid
LABEL org.opencontainers.image.title="builder" \
      org.opencontainers.image.base.name="${BUILD_BASE}"
# The docker format knows health checks. chroot isolation needs no namespaces but the user's, vfs no kernel module;
# pivot_root fails where the root is read-only.
ENV BUILDAH_FORMAT=docker \
    BUILDAH_ISOLATION=chroot \
    BUILDAH_NOPIVOT=1 \
    STORAGE_DRIVER=vfs \
    HOME=/home/build
WORKDIR /home/build
USER 1000:1000
VOLUME /home/build
# It ends with its build; this is for platforms that keep it between two.
HEALTHCHECK --interval=60s --timeout=5s --start-period=5s --retries=3 CMD ["buildah", "--version"]
ENTRYPOINT ["buildah"]
CMD ["--help"]
