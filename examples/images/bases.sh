#!/bin/sh
# Makes the base images that the examples build on from Debian's packages and puts them into a registry, so that a
# Dockerfile can name them by digest. For machines that reach no public registry; where one answers, use that.
#
#   bases.sh [REGISTRY]     REGISTRY is 127.0.0.1:5000 when left out
#
# debian:trixie           a small Debian with Python's venv: what one builds with
# distroless/python:3.13  Python and what it needs; no shell, no package manager: what one ships
#
# Prints two lines for a shell to read: BUILD_BASE=NAME@DIGEST and RUNTIME_BASE=NAME@DIGEST. Needs root, mmdebstrap
# and docker. What is in the registry already is left as it is.
set -eu
registry=${1:-127.0.0.1:5000}
build=$registry/debian:trixie
runtime=$registry/distroless/python:3.13
work=$(mktemp -d /var/tmp/bases-XXXXXX)
trap 'rm -rf "$work"' EXIT
export TMPDIR="$work" # /tmp may be a memory disk from which nothing can be started

for option in doc info lintian locale man; do
  printf 'path-exclude=/usr/share/%s/*\n' "$option"
done > "$work/dpkg.cfg"

# make NAME TAR COMMAND...: import what a command wrote, unless the registry has it
make() {
  name=$1 tar=$2
  shift 2
  docker pull -q "$name" > /dev/null 2>&1 && return
  "$@"
  set --
  if [ "$name" = "$runtime" ]; then
    set -- --change 'USER 65532:65532' --change 'WORKDIR /home/nonroot' --change 'ENTRYPOINT ["/usr/bin/python3"]'
  fi
  docker import --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8' \
    "$@" "$tar" "$name" > /dev/null
  rm "$tar"
  docker push -q "$name" > /dev/null
}

debian() {
  mmdebstrap --quiet --variant=minbase --include=ca-certificates,python3,python3-venv \
    --dpkgopt="$work/dpkg.cfg" trixie "$work/debian.tar"
}

# Unpacked, never configured: what maintainers' scripts would need is not there. Nor is dpkg, so that its list of what is
# installed, by which scanners find vulnerabilities, is written from the packages.
distroless() {
  mmdebstrap --quiet --variant=extract --skip=cleanup/apt --include=python3.13,base-files,netbase,tzdata \
    --dpkgopt="$work/dpkg.cfg" trixie "$work/root"
  root=$work/root
  for package in "$root"/var/cache/apt/archives/*.deb; do
    dpkg-deb --field "$package" | sed '/^Package:/a Status: install ok installed'
    echo
  done > "$root/var/lib/dpkg/status"
  find "$root/usr/bin" "$root/usr/sbin" -mindepth 1 ! -name python3.13 -delete
  ln -s python3.13 "$root/usr/bin/python3"
  rm -rf "${root:?}"/var/cache "${root:?}"/var/lib/apt "${root:?}"/var/log "${root:?}"/etc/apt "${root:?}"/boot "${root:?}"/dev
  mkdir -p "$root/etc/ssl/certs" "$root/usr/lib/ssl" "$root/home/nonroot"
  ln -s /etc/ssl/certs "$root/usr/lib/ssl/certs"
  ln -s /etc/ssl/certs/ca-certificates.crt "$root/usr/lib/ssl/cert.pem"
  # Debian's own authorities only: what a company adds to its machines is not for images that are shipped.
  cat /usr/share/ca-certificates/mozilla/*.crt > "$root/etc/ssl/certs/ca-certificates.crt"
  echo 'root:x:0:0:root:/:/nonexistent
nonroot:x:65532:65532:nonroot:/home/nonroot:/nonexistent' > "$root/etc/passwd"
  echo 'root:x:0:
nonroot:x:65532:' > "$root/etc/group"
  chown 65532:65532 "$root/home/nonroot"
  tar -C "$root" --sort=name --numeric-owner -cf "$work/distroless.tar" .
}

make "$build" "$work/debian.tar" debian
make "$runtime" "$work/distroless.tar" distroless
for pair in "BUILD_BASE $build" "RUNTIME_BASE $runtime"; do
  digest=$(docker image inspect -f '{{index .RepoDigests 0}}' "${pair#* }")
  echo "${pair% *}=$digest"
done
