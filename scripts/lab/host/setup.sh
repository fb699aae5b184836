#!/bin/sh
# Runs once inside a new host image: a short boot, nothing that acts behind a test's back.
set -eu
systemctl enable docker.service docker.socket
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer e2scrub_all.timer \
  systemd-tmpfiles-clean.timer systemd-firstboot.service systemd-remount-fs.service \
  console-getty.service getty@tty1.service getty.target dev-hugepages.mount dev-mqueue.mount \
  sys-fs-fuse-connections.mount sys-kernel-debug.mount sys-kernel-tracing.mount sys-kernel-config.mount \
  modprobe@.service systemd-modules-load.service; do
  systemctl mask "$unit"
done
# Empty, not missing: every host gets an id of its own, and systemd does not take its boot for the first one.
: > /etc/machine-id
