# What people do with git beyond a commit: worktrees, rebase, bisect, hooks, submodules, a daemon over the loopback.
# timeout: 90
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b GIT_AUTHOR_DATE='2020-01-01T00:00:00Z' GIT_COMMITTER_DATE='2020-01-01T00:00:00Z'
git config --global init.defaultBranch main; git config --global gc.auto 0; git init -q g; cd g || exit 9
for i in $(seq 20); do mkdir -p s$((i % 7))/t$i; echo $i > s$((i % 7))/t$i/f; done; git add -A; git commit -qm first
git worktree add -q ../wt -b side; (cd ../wt; echo x >> s1/t1/f; git commit -qam 'on the side'); git rebase -q side; git log --format='%h %s'; git worktree list | wc -l
for i in 1 2 3 4 5 6; do echo $i > n; git add n; git commit -qm "number $i"; done
git bisect start -q HEAD HEAD~5 > /dev/null; git bisect run sh -c '[ $(cat n) -lt 4 ]' 2>&1 | grep 'is the first bad'; git bisect reset 2> /dev/null
printf '#!/bin/sh\necho hook ran; [ ! -e forbidden ]\n' > .git/hooks/pre-commit; chmod +x .git/hooks/pre-commit; touch forbidden; git add forbidden; git commit -qm no; echo $?; git rm -qf forbidden
git gc -q --prune=now; git fsck --full; git count-objects -v | grep in-pack; git clone -q . ../c; cd ../c || exit 9
git -c protocol.file.allow=always submodule --quiet add ../g sub; git submodule status | cut -c1-9,42-; cd ..
port=$((45800 + $(id -u) % 100))  # both users may run at once
git daemon --base-path="$PWD" --export-all --listen=127.0.0.1 --port=$port --reuseaddr & daemon=$!
for i in $(seq 50); do git ls-remote git://127.0.0.1:$port/g main 2> /dev/null && break; sleep 0.1; done
git clone -q git://127.0.0.1:$port/g over; ls over; kill $daemon; wait $daemon; echo $?
