#!/bin/bash
# Boots Debian's own systemd as PID 1 of new namespaces over a copy-on-write view of this machine, which it never changes.
# sdbox.sh DIR SITE_PACKAGES SOURCE: DIR is scratch on the root file system; the other two are bound read-only to
# /opt/training-monitor/{deps,source}. Network and loopback are the machine's own. Ends with `systemctl poweroff`.
set -e
box=$(realpath -m "$1"); mkdir -p "$box"/{upper,work,root}
cgroup=/sys/fs/cgroup/unified; [ -d $cgroup ] || cgroup=/sys/fs/cgroup
mkdir -p $cgroup/sdbox.$$; echo $$ > $cgroup/sdbox.$$/cgroup.procs
exec unshare --pid --fork --mount --propagation private --cgroup --uts --ipc --kill-child bash -ec '
box=$1; m=$box/root
mount -t overlay overlay -o lowerdir=/,upperdir=$box/upper,workdir=$box/work $m
mkdir -p $m/opt/training-monitor/{deps,source}
for pair in "$2:deps" "$3:source"; do
  to=$m/opt/training-monitor/${pair##*:}; mount --bind "${pair%:*}" $to; mount -o remount,bind,ro $to
done
mount -t proc proc $m/proc; mount --bind $m/proc/sys $m/proc/sys; mount -o remount,bind,ro $m/proc/sys
mount -t sysfs -o ro sysfs $m/sys; mount -t cgroup2 cgroup2 $m/sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs $m/dev
for d in null zero full random urandom tty; do touch $m/dev/$d; mount --bind /dev/$d $m/dev/$d; done
mkdir $m/dev/pts $m/dev/shm; mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts $m/dev/pts
ln -s pts/ptmx $m/dev/ptmx; ln -s /proc/self/fd $m/dev/fd; mount -t tmpfs tmpfs $m/dev/shm
mount -t tmpfs -o mode=755 tmpfs $m/run; mount -t tmpfs -o mode=1777 tmpfs $m/tmp
hostname sdbox; rm -rf $m/etc/systemd/system/*.wants; : > $m/etc/machine-id
ln -sf /lib/systemd/system/basic.target $m/etc/systemd/system/default.target
for u in systemd-remount-fs systemd-modules-load systemd-update-utmp systemd-sysusers; do
  ln -sf /dev/null $m/etc/systemd/system/$u.service
done
cd $m; mkdir -p .old; pivot_root . .old; umount -l /.old; rmdir /.old
mount --make-rshared /          # without it credentials are unreadable under DynamicUser
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=sdbox \
  /lib/systemd/systemd --system --show-status=no --log-target=journal
' _ "$box" "$(realpath "$2")" "$(realpath "$3")" </dev/null >"$box"/console 2>&1
