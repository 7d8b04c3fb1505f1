mkdir -p src/{a,b,c}/{x,y}; for d in a b c; do for e in x y; do for i in 1 2 3 4 5; do echo "file $d$e$i needle$((i % 3))" > src/$d/$e/f$i.txt; done; done; done
find src -type f | sort | wc -l; find src -name 'f3*' -newer job.sh | sort; find src -type d -empty
find src -type f -size -2 -exec cat {} + | sort | md5sum; find src -maxdepth 1 -printf '%P %y\n' | sort
grep -rn needle2 src | sort | head -5; grep -rlc needle0 src | sort | wc -l; grep -r nothing src; echo "grep $?"
find src -type f -print0 | xargs -0 -P2 -n4 grep -h needle1 | sort | uniq -c | sort
seq 1 50 | xargs -P2 -n5 sh -c 'echo $(($1 + $2 + $3 + $4 + $5))' sh | sort -n
echo a b c | xargs -n1 -I{} echo "<{}>"; printf '1\n2\n' | xargs false; echo "xargs $?"
find src -name '*.txt' -delete; find src -type f | wc -l; find nowhere; echo "find $?"
