# What Python asks of a system beyond files: pools of processes, shared memory, terminals, limits, descriptors in flight.
# timeout: 90
cat > t.py <<'X'
import array, asyncio, ctypes, mmap, multiprocessing as mp, os, pty, resource, signal, socket, subprocess, sys, tempfile, time
from multiprocessing import shared_memory
def square(x): return x * x
def limited(code, *limits):
    def limit():
        for which, value in limits: resource.setrlimit(which, (value, value))
    r = subprocess.run([sys.executable, '-c', code], preexec_fn=limit, capture_output=True, text=True)
    print(r.returncode, r.stdout.strip(), r.stderr.strip().splitlines()[-1:])
async def children():
    ps = await asyncio.gather(*[asyncio.create_subprocess_exec('sh', '-c', f'exit {i}') for i in range(8)])
    print([await p.wait() for p in ps])
    p = await asyncio.create_subprocess_exec('cat', stdin=-1, stdout=-1)
    print((await p.communicate(b'x' * 200000))[0] == b'x' * 200000)
    try: await asyncio.wait_for(asyncio.create_subprocess_exec('sleep', '9'), 5); await asyncio.wait_for(asyncio.sleep(9), 0.05)
    except asyncio.TimeoutError: print('timeout')
if __name__ == '__main__':
    for way in ('fork', 'spawn', 'forkserver'):
        with mp.get_context(way).Pool(2) as pool: print(way, sum(pool.map(square, range(50))))
    a = shared_memory.SharedMemory(create=True, size=5000); b = shared_memory.SharedMemory(a.name); a.buf[4999] = 9; print(b.buf[4999]); b.close(); a.close(); a.unlink()
    pid, fd = pty.fork()
    if pid == 0: os.execvp('sh', ['sh', '-c', 'stty -echo; read x; echo got $x; exit 3'])
    time.sleep(0.1); os.write(fd, b'hey\n'); out = b''
    try:
        while True: out += os.read(fd, 100)
    except OSError as e: print(e.errno)
    print(b'got hey' in out, os.waitpid(pid, 0)[1] >> 8)
    limited('open("big", "wb").write(b"x" * 5000)', (resource.RLIMIT_FSIZE, 1000))
    limited('import os; f = os.open("more", 66, 0o600)\ntry: os.posix_fallocate(f, 0, 5000)\nexcept OSError as e: print(e)', (resource.RLIMIT_FSIZE, 1000))
    limited('import os\ntry:\n  while 1: os.dup(0)\nexcept OSError as e: print(e)', (resource.RLIMIT_NOFILE, 30))
    limited('x = bytearray(400 << 20)', (resource.RLIMIT_AS, 300 << 20))
    limited('while 1: pass', (resource.RLIMIT_CPU, 1))
    left, right = socket.socketpair(); files = [tempfile.TemporaryFile() for _ in range(9)]
    socket.send_fds(left, [b'x'], [f.fileno() for f in files]); got = socket.recv_fds(right, 10, 20)[1]; os.write(got[3], b'seen'); print(len(got), files[3].read())
    r = subprocess.run([sys.executable, '-X', 'faulthandler', '-c', 'import ctypes; ctypes.string_at(0)'], capture_output=True, text=True); print(r.returncode, r.stderr.splitlines()[0])
    f = open('m', 'w+b', 0); f.truncate(8192); m = mmap.mmap(f.fileno(), 8192); m[:3] = b'abc'; m.flush(); print(os.pread(f.fileno(), 4, 0)); m.resize(100000); print(len(m), os.fstat(f.fileno()).st_size)
    fd = os.pidfd_open(os.getpid()); print(os.eventfd(3) > 0, signal.pidfd_send_signal(fd, 0), os.copy_file_range(f.fileno(), os.open('c', 66, 0o600), 50, 0))
    asyncio.run(children())
X
python3 t.py
