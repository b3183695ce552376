#!/bin/sh
# Installs or upgrades training-monitor as a service, from the files beside it (`make dist` puts them there):
#   sudo ./install.sh            /opt/training-monitor/venv, the unit, its group, /usr/local/bin/training-monitor
#   sudo ./install.sh --remove   away with these; config, secrets and database stay
# PYTHON=/path/to/python3 chooses the interpreter. With a folder `wheels` beside it nothing is downloaded.
set -eu
umask 022
here=$(cd "$(dirname "$0")" && pwd)
home=/opt/training-monitor
unit=/etc/systemd/system/training-monitor.service
group=/etc/sysusers.d/training-monitor.conf
link=/usr/local/bin/training-monitor

fail() { echo "error: $1" >&2; echo "hint: $2" >&2; exit 1; }

[ "$(id -u)" = 0 ] || fail "this changes the system and needs root" "sudo $0"

if [ "${1:-}" = --remove ]; then
  systemctl disable --now training-monitor.service 2>/dev/null || true
  rm -rf "$unit" "$group" "$link" "$home"
  systemctl daemon-reload
  echo "Removed. What you may still want is left: /etc/training-monitor, /var/lib/private/training-monitor"
  exit 0
fi
[ $# = 0 ] || fail "unknown argument $1" "$0 takes --remove or nothing"

set -- "$here"/training_monitor-*.whl
[ $# = 1 ] && [ -f "$1" ] || fail "there must be one wheel beside $0" "make dist"
wheel=$1

python=${PYTHON:-}
for found in "$python" /usr/bin/python3 /usr/bin/python3.13 /usr/bin/python3.12 /usr/bin/python3.11 /usr/local/bin/python3; do
  [ -n "$found" ] && "$found" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break
  [ -z "$python" ] || [ -z "$found" ] || fail "$python is no Python 3.11 or newer with venv" "apt install python3-venv"
  found=
done
[ -n "$found" ] || fail "no Python 3.11 or newer with venv was found" "apt install python3-venv, or PYTHON=/path/to/python3"
case $("$found" -c 'import sys; print(sys.base_prefix)') in
  /root* | /home/*) fail "$found lives in somebody's home, which the service cannot see" "PYTHON=/usr/bin/python3 $0" ;;
esac

# An upgrade finds pip there, but not where the system has another Python since; making it takes longer than all else.
"$found" -m venv --without-pip "$home/venv"
"$home/venv/bin/python" -I -m pip --version >/dev/null 2>&1 || "$home/venv/bin/python" -I -m ensurepip >/dev/null
pip() { "$home/venv/bin/python" -m pip --quiet --disable-pip-version-check --no-input "$@"; }
if [ -d "$here/wheels" ]; then
  export PIP_NO_INDEX=1 PIP_FIND_LINKS="$here/wheels"
fi
pip install --require-hashes -r "$here/runtime.lock"
pip install --no-deps --no-index --force-reinstall "$wheel"

install -D -m 644 "$here/training-monitor.sysusers" "$group"
systemd-sysusers "$group"
install -D -m 644 "$here/training-monitor.service" "$unit"
# What is written into it belongs to the group, so that a config of mode 0640 can be read by the daemon.
install -d -m 2750 -g training-monitor /etc/training-monitor
ln -sfn "$home/venv/bin/training-monitor" "$link"
systemctl daemon-reload
if systemctl is-active --quiet training-monitor.service; then
  systemctl restart training-monitor.service
  echo "Upgraded and restarted: $(training-monitor --version)"
else
  echo "Installed: $("$link" --version). Next:"
  echo "  training-monitor init /etc/training-monitor/training-monitor.yaml"
  echo "  systemctl enable --now training-monitor"
  echo "  usermod -aG training-monitor NAME   lets NAME use the commands, from the next login on"
fi
