#!/bin/sh
# What can go wrong while the timers run: each failure has to be seen, and to leave the results that were there.
set -u
folder=/var/lib/hullguard
fail() { echo "WRONG: $1"; systemctl status --no-pager --lines 5 'hullguard-*.service'; cat $folder/status/*.json; exit 1; }
list() { find $folder/evidence $folder/images -type f; }
said() { grep -q "$2" $folder/status/"$1".json || fail "the status of $1 does not say $2"; }

echo "a scanner that fails"
systemctl start hullguard-images.service || fail "the scan does not work to begin with"
list >/run/before
touch /run/lab-scan-fails
systemctl start hullguard-images.service && fail "a failed scan looks like a good one"
rm /run/lab-scan-fails
systemctl is-failed --quiet hullguard-images.service || fail "the unit does not show it"
list | cmp - /run/before || fail "results came or went"
said images '"failed"'
said images 'database is locked'
journalctl --unit hullguard-images.service --priority err --output cat | grep -q 'FAILED: .*database is locked' || fail "the journal does not say it"

echo "an engine that is down"
systemctl stop docker.socket docker.service
systemctl start hullguard-images.service && fail "no engine looks like no images"
systemctl start hullguard-evidence.service || fail "evidence of a host whose engine is down is evidence, too"
said images '"failed"'
grep -q '"unseen": 0' $folder/status/evidence.json && fail "the status does not say that something was not seen"
systemctl start docker.socket docker.service
docker start web >/dev/null

echo "an old result, and a file that is none of ours"
touch $folder/evidence/20200101T000000Z.json $folder/evidence/notes.txt
systemctl start hullguard-evidence.service || fail "evidence"
test ! -e $folder/evidence/20200101T000000Z.json -a -e $folder/evidence/notes.txt || fail "rotation"
rm $folder/evidence/notes.txt

echo "a disk that is full"
mkdir -p /srv/full && mount -t tmpfs -o size=64k full /srv/full && cp -a $folder/. /srv/full/ 2>/dev/null
mount --bind /srv/full $folder
dd if=/dev/zero of=$folder/fill bs=1k 2>/dev/null
find $folder/evidence -type f >/run/before
systemctl start hullguard-evidence.service && fail "a full disk looks like a good run"
find $folder/evidence -type f | cmp - /run/before || fail "results came or went"
test -z "$(find $folder/evidence -name '.?*')" || fail "half a file is left"
umount $folder /srv/full

echo "a place to push to that is gone"
# The good run above started one, which would count for this one, too.
while test "$(systemctl is-active hullguard-push.service)" = activating; do sleep 0.2; done
mv /srv/evidence /srv/away
systemctl start hullguard-push.service && fail "a push to nowhere looks like a good one"
mv /srv/away /srv/evidence
systemctl reset-failed 'hullguard-*'
echo "all as it should be"
