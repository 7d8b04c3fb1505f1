sqlite3 a.db 'create table t (id integer primary key, name text); insert into t (name) values ("x"), ("y"), ("z"); select * from t; select count(*), max(name) from t;'
sqlite3 -header -csv a.db 'select id, upper(name) u from t order by id desc'; sqlite3 a.db .dump | head -3; sqlite3 a.db 'select nothing'; echo $?
sqlite3 b.db 'pragma journal_mode=wal; create table n (i); with recursive c(x) as (select 1 union all select x + 1 from c where x < 20000) insert into n select x from c; select sum(i) from n; create index ni on n (i); select count(*) from n where i % 7 = 0; vacuum; pragma integrity_check;'
for i in 1 2 3 4; do sqlite3 -cmd '.timeout 20000' a.db "insert into t (name) values ('p$i')" & done; wait; sqlite3 a.db 'select count(*) from t'
printf '1,a\n2,b\n' > in.csv; sqlite3 c.db '.mode csv' 'create table c (i, s)' '.import in.csv c' 'select s from c'; sqlite3 a.db 'begin; delete from t; rollback; select count(*) from t'; ls *.db
