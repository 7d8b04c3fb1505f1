# The smallest programs: dynamic, static, and their statuses.
/bin/true
/bin/false
/bin/busybox true
/bin/busybox false
/bin/echo one two
/bin/busybox echo one two
/usr/bin/env -i A=1 /usr/bin/env
/bin/pwd
/bin/sh -c umask
/usr/bin/nice
/usr/bin/env --list-signal-handling /bin/true
