#!/bin/bash
# Gives a host its addresses, and a cloud's that hands out credentials: at every boot, before the engine starts.
set -e -o pipefail
sysctl -qw net.ipv6.conf.all.disable_ipv6=0 net.ipv6.conf.default.disable_ipv6=0 net.ipv6.conf.all.forwarding=1
# Once found, it stays: after a boot the lab may give eth0 another one.
if [ ! -s /etc/lab-address ]; then
  ip -4 -o address show dev eth0 | awk '{split($4, part, "[./]"); print part[3] "." part[4]; exit}' >/etc/lab-address
fi
own=$(cat /etc/lab-address)
ip address replace "10.77.$own/16" dev eth0
ip address replace "10.78.$own/16" dev eth0
ip address replace "fd77::$(echo "$own" | tr . :)/64" dev eth0 nodad
ip address replace "fd78::$(echo "$own" | tr . :)/64" dev eth0 nodad
ip address replace 169.254.169.254/32 dev lo
