#!/bin/sh
# busy.sh IMAGE SECONDS: container work for so long, then one line of JSON about what auditing made of it.
# One container writes files all the time, and short ones are started as fast as the engine starts them.
set -eu
image=$1 seconds=$2
records() { cat /var/log/audit/audit.log* | grep -c 'type=SYSCALL.*key="docker"' || true; }
lost() { auditctl -s | awk '$1 == "lost" { print $2 }'; }
first=$(records) first_lost=$(lost) started=0
writer=$(docker run -d "$image" sh -c 'while :; do for i in 1 2 3 4 5 6 7 8 9; do echo $i > /tmp/$i; done; rm /tmp/*; done')
trap 'docker rm -f "$writer" > /dev/null' EXIT
end=$(($(date +%s) + seconds))
while [ "$(date +%s)" -lt "$end" ]; do
  docker run --rm "$image" true
  started=$((started + 1))
done
sleep 2
printf '{"seconds": %d, "containers_started": %d, "events": %d, "lost": %d}\n' \
  "$seconds" "$started" "$(($(records) - first))" "$(($(lost) - first_lost))"
