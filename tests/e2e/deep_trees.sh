# Big directories, deep trees and long names: made, copied, packed, compared, removed.
# timeout: 90
mkdir big; (cd big || exit; python3 -c 'for i in range(4000): open("f%05d" % i, "w").close()'); ls big | wc -l; ls -fA big | sort | md5sum; rm big/f0[0-2]*; find big -type f | wc -l
cp -a big big2; diff -rq big big2 && echo same; tar cf b.tar big; tar tf b.tar | wc -l
python3 -c '
import os
left = 0
for entry in os.scandir("big"):  # what is not listed yet stays where it was
    os.unlink(entry.path); left += 1
print(left, os.listdir("big"))'
python3 -c '
import os
for i in range(300): os.mkdir("d" * 20); os.chdir("d" * 20)
open("leaf", "w").write("x")
print(len(os.getcwd()) > 6000)
try: os.stat("x/" * 2100)
except OSError as e: print(e.strerror)
try: os.mkdir("n" * 256)
except OSError as e: print(e.strerror)
os.mkdir("n" * 255)'
find dddd* -name leaf | wc -c; du -a dddd* | wc -l; cp -a dddd* copy; tar cf deep.tar copy; tar xf deep.tar; diff -r --exclude=none dddd* copy && echo same; (cd dddd*/dddd*/dddd* || exit; pwd | tail -c 42); rm -rf copy dddd* big big2; ls
