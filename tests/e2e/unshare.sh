# util-linux: unshare(1), nsenter(1), mount(8) in a user namespace.
# normalise: ^\d+ \d+ => N N
unshare -Ur id; unshare -Ur cat /proc/self/setgroups; unshare -U id -u; unshare -c sh -c 'test $(id -u) = '$(id -u)' && echo mapped to itself'
unshare -Urm sh -c 'mount -t tmpfs none /mnt && echo text > /mnt/f && cat /mnt/f && grep -c " /mnt " /proc/self/mountinfo'; ls /mnt | wc -l
unshare -Urm sh -c 'mkdir a b; touch a/f; mount --bind a b && ls b && mount -o remount,bind,ro b; touch b/g; umount b && ls b'
unshare -Urm sh -c 'mount --rbind / /mnt && ls -d /mnt/etc /mnt/proc/self/status && umount -l /mnt && ls /mnt'
unshare -Urpf --mount-proc ps -e -o pid=,comm= | tr -s ' '; unshare -Urpf --mount-proc sh -c 'echo $$; echo /proc/[0-9]*'
unshare -Urpf --mount-proc sh -c 'sleep 100 & sleep 100 & exit 3'; echo "status $?"
unshare -Uru sh -c 'hostname inside; uname -n'; unshare -Uri sh -c 'ipcmk -Q > /dev/null && ipcs -q | grep -c 0x'; ipcs -q | grep -c 0x
unshare -Urn sh -c 'cat /sys/class/net/lo/flags > /dev/null; python3 -c "
import socket
try: socket.create_connection((\"127.0.0.1\", 9))
except OSError as e: print(e.strerror)"'
unshare -Urm sh -c 'mkdir root; mount -t tmpfs none root; mkdir root/old; pivot_root root root/old && /old/bin/ls /'
unshare -Urpf --kill-child sh -c 'nsenter -t 1 -U true; echo "nsenter $?"'
unshare -Urm --propagation private sh -c 'mount --make-rshared / && mount --make-unbindable / && mount --bind / /mnt'; echo "status $?"
unshare -Ur sh -c 'mount -t proc proc /proc; mknod x c 1 3; hostname x'; echo "status $?"
unshare -Ur unshare -Ur unshare -Urm sh -c 'cat /proc/self/uid_map | tr -s " "'
