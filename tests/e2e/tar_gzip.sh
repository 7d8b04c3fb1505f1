mkdir -p d/e; for i in $(seq 1 50); do seq $i $((i + 500)) > d/e/f$i; done; ln -s e/f1 d/l; ln d/e/f2 d/h; chmod 750 d/e
tar cf a.tar d && tar tf a.tar | sort | md5sum && mkdir x && tar xf a.tar -C x && diff -r d x/d && echo same; stat -c '%a %F' x/d/e x/d/l
tar czf a.tgz d && tar tzf a.tgz | wc -l; gzip -k a.tar && gunzip -c a.tar.gz | cmp - a.tar && echo gzip; gzip -t a.tgz; echo $?
tar cf - d | (mkdir y && cd y && tar xf -) && diff -r d y/d && echo piped; xz -k a.tar && xz -dc a.tar.xz | cmp - a.tar && echo xz
bzip2 -k a.tar && bzip2 -dc a.tar.bz2 | md5sum | cmp - <(md5sum < a.tar) && echo bzip2; zcat nothere; echo $?; tar xf nothere; echo $?
gzip -l a.tar.gz | tail -1 | awk '{ print $2 }'; echo broken > b.gz; gzip -d b.gz; echo $?
