# timeout: 90
# normalise: \.git/worktrees.* => W
export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b GIT_AUTHOR_DATE='2020-01-01T00:00:00Z' GIT_COMMITTER_DATE='2020-01-01T00:00:00Z'
git config --global init.defaultBranch main; git config --global gc.auto 0; git init repo; cd repo || exit 9
for i in $(seq 1 30); do echo "line $i" > f$i; done; mkdir d; echo deep > d/e; git add . && git commit -qm first; git log --oneline
echo change >> f1; git status --short; git diff --stat; git commit -qam second; git log --format='%h %s'; git rev-parse HEAD
git checkout -q -b side HEAD~1; echo other > f2; git commit -qam third; git checkout -q main; git merge -q -m merged side; git log --oneline --graph | cat
git status; cd ..; git clone -q repo clone 2>&1; cd clone && git log --oneline | wc -l; git fsck 2>&1; git branch -a; git tag v1; git describe
git stash list; echo x > new; git add new; git stash -q; git stash pop -q; git status --porcelain; git rm -q -f new; git mv f3 g3; git status --porcelain
git gc -q; git count-objects -v | grep in-pack; git grep -c line | head -2; git blame f1 | cut -c1-8; git show --stat HEAD~1 | tail -2; git push -q origin main:pushed 2>&1; git archive HEAD | tar t | wc -l; git nonsense; echo $?
