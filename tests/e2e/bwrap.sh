# bubblewrap: a tree, namespaces, an init and a filter of its own, inside the sandbox.
# needs: /usr/bin/bwrap
# prepare: printf '\x20\0\0\0\0\0\0\0\x15\0\2\0\x53\0\0\0\x15\0\1\0\2\1\0\0\6\0\0\0\0\0\xff\x7f\6\0\0\0\1\0\5\0' > no-mkdir.bpf
# normalise: ^\d+ \d+ => N N
all=(--ro-bind / / --dev /dev --proc /proc --tmpfs /tmp --unshare-all)
bwrap "${all[@]}" sh -c 'test $(id -u) = '$(id -u)' && echo same user; echo $$; ls /tmp | wc -l; echo t > /tmp/t && cat /tmp/t'
bwrap "${all[@]}" sh -c 'touch /etc/limen-x; mkdir /limen-x'; echo "status $?"
bwrap "${all[@]}" ls /dev; bwrap "${all[@]}" sh -c 'echo null > /dev/null && head -c 3 /dev/zero | od -An -c; test -c /dev/ptmx && echo ptmx'
bwrap "${all[@]}" ps -e -o pid=,comm= | sed 's/^ *//'
bwrap "${all[@]}" sh -c 'cut -d" " -f5 /proc/self/mountinfo | sort -u | grep -E "^/(dev|proc|tmp)?$"; grep -c "^Seccomp:.0" /proc/self/status'
bwrap "${all[@]}" --uid 1234 --gid 2345 --hostname inside sh -c 'id -u; id -g; uname -n'
bwrap "${all[@]}" --seccomp 9 9< no-mkdir.bpf sh -c 'mkdir /tmp/d; echo "mkdir $?"; touch /tmp/f && ls /tmp; grep ^Seccomp: /proc/self/status'
bwrap "${all[@]}" --cap-drop ALL sh -c 'grep -E "^Cap(Eff|Prm|Bnd)" /proc/self/status'
bwrap "${all[@]}" --bind . /mnt --chdir /mnt sh -c 'pwd; echo from inside > made; cat made'; cat made
bwrap "${all[@]}" python3 -c '
import socket
s = socket.create_server(("127.0.0.1", 0)); c = socket.create_connection(s.getsockname()); print("loopback")
try: socket.create_connection(("192.0.2.1", 80), 1)
except OSError as e: print(e.strerror)'
bwrap --ro-bind /usr /usr --symlink usr/bin /bin --symlink usr/lib /lib --symlink usr/lib64 /lib64 --proc /proc --unshare-pid --die-with-parent ls /
bwrap "${all[@]}" sh -c 'exit 7'; echo "status $?"; bwrap "${all[@]}" sh -c 'kill -9 $$'; echo "status $?"
bwrap "${all[@]}" bwrap --ro-bind / / --dev /dev --proc /proc --unshare-all sh -c 'echo nested $$'
bwrap --unshare-user --no-such-option true 2>&1 | head -1; bwrap --ro-bind /nonesuch / true; echo "status $?"
