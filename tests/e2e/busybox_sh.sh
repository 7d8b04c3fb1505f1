# shell: /bin/busybox sh
set -u
echo "started by busybox"
for i in 1 2 3; do echo "line $i"; done | sort -r | head -2
x=$(echo inner | tr a-z A-Z); echo "$x"
cat <<END
here $((6 * 7))
END
mkdir d && cd d && echo text > f && cp f g && mv g h && ls && cd .. && rm -r d
busybox seq 5 | busybox awk '{ s += $1 } END { print s }'
busybox printf '%s\n' c a b | busybox sort | busybox tr '\n' ' '; echo
(exit 7); echo "status $?"
trap 'echo trapped; exit 5' EXIT
