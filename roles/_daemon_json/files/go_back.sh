# go_back STATE CONFIG SUSPECT [PATH PREVIOUS]...: started by a timer of the host when a run has broken off between the engine's
# restart and its end. Where the engine does not start, what it last started with comes back: CONFIG from STATE, each PATH from
# PREVIOUS (empty: there was none).
state=$1 config=$2 suspect=$3
shift 3
case $(systemctl show --property=ActiveState --value docker.service) in
  failed | activating) ;;
  *) exit 0 ;;
esac
# A file takes the place of another whole, and with the owner and mode of the one that was there.
replace() {
  if cp "$1" "$2.hullguard" && { [ ! -e "$2" ] || chown --reference="$2" "$2.hullguard"; } \
    && { [ ! -e "$2" ] || chmod --reference="$2" "$2.hullguard"; }; then
    mv "$2.hullguard" "$2"
  else
    rm -f "$2.hullguard"
  fi
}
if [ "$suspect" = yes ] && [ -e "$state/daemon.json.good" ]; then
  cp "$config" "$state/daemon.json.refused" && chmod 0600 "$state/daemon.json.refused"
  if [ -s "$state/daemon.json.good" ]; then replace "$state/daemon.json.good" "$config"; else rm -f "$config"; fi
fi
while [ $# -gt 1 ]; do
  if [ -n "$2" ]; then replace "$2" "$1"; else rm -f "$1"; fi
  shift 2
done
systemctl daemon-reload
systemctl reset-failed docker.service docker.socket
echo "The run that had restarted Docker broke off, and Docker does not start: it is started with what it last started with."
systemctl restart docker.service
