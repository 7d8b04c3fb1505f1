seq 1 100 > n; sed -n '10,12p;50q' n; sed -e 's/1/one/g' -e '/one/!d' n | head -3; sed -i 's/^5$/five/' n; sed -n 5p n
awk '{ s += $1; n++ } END { printf "%d %.2f\n", s, s / n }' n; awk -F: '{ print NF }' /etc/passwd | sort -u
awk 'BEGIN { while (("echo a b c" | getline line) > 0) print toupper(line); system("echo from awk"); "pwd" | getline d; print d != "" }'
printf 'k1 3\nk2 4\nk1 5\n' | awk '{ t[$1] += $2 } END { for (k in t) print k, t[k] | "sort" }'
echo hello | sed 'y/el/ip/;s/\(.\)$/\1!/'; sed 's/x' n; echo "sed $?"; awk 'BEGIN { exit 3 }'; echo "awk $?"
sed -n '$=' n; sed 'N;s/\n/,/' n | tail -2; awk 'NR % 33 == 0' n; awk 'BEGIN { print length("abc"), substr("hello", 2, 3), index("abc", "c") }'
