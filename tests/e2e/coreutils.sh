# normalise: ^total \d+ => total N
# normalise: \b\d\d:\d\d\b => HH:MM
# normalise: [A-Z][a-z]{2} [ \d]\d HH:MM => DATE
# normalise: ^(Device|Access|Modify|Change| Birth): .* => \1
mkdir -p tree/a/b tree/c; echo one > tree/a/1; printf '%05d\n' $(seq 1 3000) > tree/a/b/numbers; ln -s ../a/1 tree/c/link
ln tree/a/1 tree/c/hard; chmod 600 tree/a/1; touch -d '2020-01-02 03:04:05' tree/c/hard; mkdir tree/empty
ls -laR tree | sed 's/[0-9]* \(root\|nobody\) /N \1 /'
touch -hd @1600000000 tree/c/link tree/a/b/numbers; cp -a tree copy && diff -r tree copy && echo same
stat -c '%n %F %a %h %s %Y' copy/a/1 copy/c/link copy/a/b/numbers
sort -r tree/a/b/numbers | head -3; sort -n tree/a/b/numbers | md5sum; shuf -i 1-100 | sort -n | md5sum
split -l 1000 tree/a/b/numbers part. && wc -l part.*
tee t1 t2 < tree/a/1 > t3; cat t1 t2 t3
dd if=/dev/zero of=zero bs=1k count=100 2> /dev/null; stat -c %s zero; dd if=zero of=part bs=512 skip=2 count=3 2>&1 | head -2
du -s --apparent-size tree/a/b/numbers; du -a --apparent-size tree/c | sort
df --output=target . > /dev/null; echo "df $?"
touch -r tree/c/hard new; stat -c %Y new; ln -sf target sym; readlink sym; realpath --relative-to=. tree/c/link
chmod u=rwx,g=rx,o= new; stat -c %a new; chmod -R go-rwx tree; stat -c %a tree/a tree/a/b/numbers
x=$(mktemp tmp.XXXXXX); test -f $x && stat -c '%a %s' $x; d=$(mktemp -d); test -d $d && rmdir $d && echo mktemp
timeout 0.1 sleep 5; echo $?; timeout 5 true; echo $?
head -c 10 tree/a/b/numbers | od -c; tail -n 2 tree/a/b/numbers; tac t1; cut -c2-3 t1; paste t1 t2; join t1 t2; comm t1 t2
tr a-z A-Z < t1; uniq -c t1; nl t1; fold -w 2 t1; expr 6 '*' 7; basename /a/b.c .c; dirname /a/b; factor 123456; date -d @0 +%F
mv tree moved; rm -rf moved/a; ls moved; rmdir moved/empty; rm moved; echo "rm $?"
cat nonexistent; ls nonexistent; mkdir copy; rmdir copy; cp copy x; echo "errors $?"
truncate -s 5 t1; stat -c %s t1; install -m 711 t2 i2; stat -c %a i2; sha256sum t2; cksum t2; id -u > /dev/null; nproc > /dev/null
env -i A=b env; printenv TZ; test -w t2 && echo writable; sync; yes | head -3; seq -s, 5; sleep 0.01; tty; echo $?
