# Pipelines, here-documents, process substitution, traps, arrays, background jobs and wait.
set -u
seq 1 1000 | grep 7 | wc -l
cat <<'END' | tr a-z A-Z
a here-document
with $no expansion
END
read -r first second <<< "one two three"; echo "$second"
diff <(printf 'a\nb\n') <(printf 'a\nc\n'); echo "diff $?"
declare -A table=([x]=1 [y]=2); echo "${table[x]}${table[y]}"
for i in 1 2 3; do (sleep 0.0$i; exit $i) & pids[$i]=$!; done
for i in 1 2 3; do wait "${pids[$i]}"; echo "job $i: $?"; done
(sleep 5) & kill $!; wait $! 2>/dev/null; echo "killed: $?"
trap 'echo got USR1' USR1; kill -USR1 $$; echo after
trap 'echo leaving' EXIT
set -o pipefail; false | true; echo "pipefail $?"
echo "${PIPESTATUS[@]}"
time_out=$(timeout 0.2 sleep 5; echo $?); echo "timeout $time_out"
exec 5> out; echo to-five >&5; exec 5>&-; cat out
printf 'x%.0s' {1..10}; echo
coproc cat; echo through >&"${COPROC[1]}"; read -r line <&"${COPROC[0]}"; echo "$line"
echo err >&2
[[ abc =~ ^a(.)c$ ]] && echo "${BASH_REMATCH[1]}"
mapfile -t lines < <(printf '1\n2\n'); echo "${#lines[@]}"
jobs; (exit 9)
