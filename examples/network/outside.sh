#!/bin/sh
# Stands for the internet, so that trying whether it can be reached sends nothing there: outside.sh up|down, as root.
#
# A network namespace behind this machine, in which somebody answers at 198.51.100.2, port 80 (an address kept for
# documentation, RFC 5737).
set -eu
case ${1:-} in
  up)
    ip netns add outside
    ip link add outside0 type veth peer name eth0 netns outside
    ip address add 198.51.100.1/30 dev outside0
    ip link set outside0 up
    ip -n outside address add 198.51.100.2/30 dev eth0
    ip -n outside link set eth0 up
    ip -n outside route add default via 198.51.100.1
    ip netns exec outside setsid python3 -c '
import socket
server = socket.create_server(("198.51.100.2", 80))
while True:
    server.accept()[0].close()
' > /dev/null 2>&1 < /dev/null &
    for _ in 1 2 3 4 5 6 7 8 9 10; do
      python3 connect.py 198.51.100.2 80 > /dev/null && exit
      sleep 0.3
    done
    echo "outside.sh: nobody answers at 198.51.100.2" >&2
    exit 1
    ;;
  down)
    ip netns pids outside | xargs --no-run-if-empty kill
    ip link delete outside0
    ip netns delete outside
    ;;
  *)
    echo "usage: outside.sh up|down" >&2
    exit 2
    ;;
esac
