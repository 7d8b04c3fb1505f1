# Tools that read /proc.
# normalise: (?m)^S[N<] sleep => S sleep
ps -o comm= -p $$; ps -e -o comm= | grep -c bash > /dev/null; echo $?; sleep 5 & sleep 0.1; ps -o stat=,comm= -p $! | tr -s ' '; kill $!
pgrep -x nonesuch; echo $?; cat /proc/self/comm; cat /proc/$$/comm; tr '\0' ' ' < /proc/self/cmdline; echo; readlink /proc/self/cwd | grep -c work
ls /proc/self/fd | wc -l; grep -c processor /proc/cpuinfo > /dev/null; grep MemTotal /proc/meminfo | cut -d: -f1; head -1 /proc/self/status; free > /dev/null; echo $?; uptime > /dev/null; echo $?
[ "$(awk '/^PPid/ { print $2 }' /proc/self/status)" = $$ ] && echo parent; id -un > /dev/null; whoami > /dev/null; nproc > /dev/null; arch; uname -s; getconf PAGESIZE; mount > /dev/null; echo $?; cat /proc/sys/kernel/ostype; test -c /dev/null -a -c /dev/tty && echo dev
(echo to-stdout > /dev/stdout; echo to-fd >> /dev/fd/1) | cat; cat < /dev/null; head -c 5 /dev/zero | od -An -c; echo x > /dev/full; echo $?; head -c 8 /dev/urandom | wc -c; ls -l /dev/fd | sed 's/.*-> //'; ls /sys > /dev/null; echo $?
