# Many short processes, subshells in loops, and signals between them.
count=0
for i in $(seq 1 200); do count=$((count + $(/bin/echo 1))); done
echo $count
for i in $(seq 1 20); do { sleep 0.01; echo "w$i"; } & done | sort; wait
mkfifo pipe; (for i in 1 2 3; do echo "m$i"; done > pipe) & cat pipe; wait
sleep 10 & pid=$!; kill -STOP $pid; kill -CONT $pid; kill -TERM $pid; wait $pid; echo "status $?"
trap 'n=$((n + 1))' USR1; n=0; for i in 1 2 3 4 5; do kill -USR1 $$; done; echo $n
bash -c 'trap "echo child term; exit 4" TERM; while :; do sleep 0.02; done' & sleep 0.3; kill -TERM $!; wait $!; echo $?
f() { local -i depth=$1; (( depth == 0 )) && return 3; f $((depth - 1)); }; f 50; echo $?
ulimit -n; umask
