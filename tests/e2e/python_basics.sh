# shell: /usr/bin/python3
# timeout: 120
import json, os, re, sqlite3, ssl, subprocess, sys, tempfile, time, hashlib, zlib, shutil, glob, random, struct, threading, queue
print(sys.version_info[:2], json.loads(json.dumps({"a": [1, 2.5, None, "é"]}, sort_keys=True)))
print(ssl.OPENSSL_VERSION.split()[0], len(ssl.create_default_context().get_ca_certs()) >= 0)
db = sqlite3.connect("test.db"); db.execute("create table t (a integer primary key, b text)")
db.executemany("insert into t (b) values (?)", [(str(i),) for i in range(1000)]); db.commit()
print(db.execute("select count(*), sum(a), max(b) from t").fetchone(), os.path.getsize("test.db") > 4096)
db.execute("pragma journal_mode=wal"); db.execute("delete from t where a % 2 = 0"); db.commit(); db.close()
print(sqlite3.connect("test.db").execute("select count(*) from t").fetchone())
print(subprocess.run(["sh", "-c", "echo out; echo err >&2; exit 3"], capture_output=True, text=True))
print(subprocess.check_output("cat", input=b"x" * 200000).count(b"x"))
try:
    subprocess.run(["sleep", "5"], timeout=0.1)
except subprocess.TimeoutExpired:
    print("timeout")
print(subprocess.Popen(["sh", "-c", "kill -9 $$"]).wait())
results = queue.Queue()
def work(n):
    results.put(sum(range(n * 1000)))
threads = [threading.Thread(target=work, args=(i,)) for i in range(10)]
[t.start() for t in threads]; [t.join() for t in threads]
print(sorted(results.queue))
lock, total = threading.Lock(), 0
def add():
    global total
    for _ in range(5000):
        with lock:
            total += 1
threads = [threading.Thread(target=add) for _ in range(8)]
[t.start() for t in threads]; [t.join() for t in threads]
print(total, threading.active_count())
with tempfile.TemporaryDirectory() as d:
    for i in range(20):
        with open(os.path.join(d, f"f{i:02}"), "w") as f:
            f.write("x" * i)
    print(sorted(os.path.getsize(p) for p in glob.glob(d + "/*"))[-3:], len(os.listdir(d)))
    shutil.copytree(d, d + "/sub"); print(len(os.listdir(d + "/sub")))
print(os.path.exists(d))
with tempfile.NamedTemporaryFile("w+") as f:
    f.write("hello"); f.flush(); print(open(f.name).read())
r, w = os.pipe(); pid = os.fork()
if pid == 0:
    os.write(w, b"child"); os._exit(7)
print(os.read(r, 10), os.waitpid(pid, 0)[1] >> 8)
print(hashlib.sha256(zlib.decompress(zlib.compress(bytes(range(256)) * 100))).hexdigest())
os.symlink("a", "l"); print(os.readlink("l"), os.path.islink("l"), os.stat(".").st_nlink > 0)
print([e.name for e in sorted(os.scandir("."), key=lambda e: e.name)])
print(time.monotonic() > 0, os.cpu_count() > 0, len(os.sched_getaffinity(0)) > 0, os.getpgid(0) > 0, os.urandom(4) != os.urandom(4))
import mmap
with open("m", "wb+") as f:
    f.truncate(8192); m = mmap.mmap(f.fileno(), 0); m[4096:4101] = b"mmaps"; m.flush(); f.seek(4096); print(f.read(5))
print(sum(1 for _ in os.walk("/usr/lib/python3")) > 0)
print("err", file=sys.stderr); sys.exit(4)
