#!/bin/sh
# Runs once inside a new machine's root file system: network, SSH by key only, nothing that acts behind a test's back.
set -eu
printf '[Match]\nName=en*\n[Network]\nDHCP=yes\n' > /etc/systemd/network/80-all.network
printf 'PermitRootLogin prohibit-password\nPasswordAuthentication no\nUseDNS no\n' > /etc/ssh/sshd_config.d/lab.conf
printf '/dev/vda / ext4 defaults 0 1\nLABEL=docker-data /var/lib/docker ext4 defaults 0 2\n' > /etc/fstab
mkdir -p /var/lib/docker
systemctl enable systemd-networkd.service systemd-resolved.service ssh.service docker.service docker.socket \
  auditd.service apparmor.service
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer e2scrub_all.timer \
  systemd-tmpfiles-clean.timer systemd-networkd-wait-online.service getty@tty1.service man-db.timer; do
  systemctl mask "$unit"
done
: > /etc/machine-id
