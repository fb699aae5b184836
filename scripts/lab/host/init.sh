#!/bin/sh
# First process of a throwaway host: makes the cgroup tree writable for the engine inside, then becomes systemd.
# A container gets its cgroup mounts read-only; without `bind` the kernel refuses the remount as busy.
for mount in /sys/fs/cgroup /sys/fs/cgroup/*; do
  if mountpoint -q "$mount"; then
    mount -o remount,bind,rw "$mount"
  fi
done
if [ ! -e /sys/fs/cgroup/cgroup.controllers ]; then
  # systemd 256 and later refuse cgroup v1 unless told twice.
  set -- systemd.unified_cgroup_hierarchy=0 SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1 "$@"
fi
exec /lib/systemd/systemd "$@"
