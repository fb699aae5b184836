#!/bin/sh
# Results go to a URL with a token: the right one, the wrong one, and a place that points elsewhere.
set -u
fail() { echo "WRONG: $1"; cat /var/lib/hullguard/status/push.json; journalctl --unit hullguard-push --lines 20 --output cat --no-pager; exit 1; }
newest() { find /var/lib/hullguard/evidence -name '2*.json' | sort | tail -n 1; }
name() { echo "$(hostname)-evidence-$(basename "$(newest)")"; }

rm -f /srv/received/*
systemctl start hullguard-evidence.service || fail "evidence"
# It is the evidence unit's success that starts the push.
for _ in 1 2 3 4 5 6 7 8 9 10; do test -e "/srv/received/$(name)" && break; sleep 0.5; done
cmp "$(newest)" "/srv/received/$(name)" || fail "what arrived is not what was sent"
while test "$(systemctl is-active hullguard-push.service)" = activating; do sleep 0.2; done

printf wrong-word >/etc/hullguard-lab/token
sleep 1
systemctl start hullguard-evidence.service || fail "evidence"
systemctl start hullguard-push.service && fail "a refused push looks like a good one"
test ! -e "/srv/received/$(name)" || fail "it was taken without the token"
grep -q 'answered 401' /var/lib/hullguard/status/push.json || fail "the status does not say why"

sed -i 's,/in",/elsewhere",' /etc/hullguard/scan.json
systemctl start hullguard-push.service && fail "a redirect looks like a good push"
test ! -e /srv/received/stolen || fail "the redirect was followed"
sed -i 's,/elsewhere",/in",' /etc/hullguard/scan.json

printf open-sesame >/etc/hullguard-lab/token
systemctl start hullguard-push.service || fail "the push does not recover"
test -e "/srv/received/$(name)" || fail "what was refused is not sent again"
journalctl --unit 'hullguard-*' --output cat | grep -q 'open-sesame\|wrong-word' && fail "the token is in the journal"
grep -rq 'open-sesame\|wrong-word' /etc/hullguard /etc/systemd/system /var/lib/hullguard && fail "the token is in a file"
echo "all as it should be"
