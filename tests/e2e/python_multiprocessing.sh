# shell: /usr/bin/python3
# timeout: 120
import multiprocessing as mp, os, signal, sys, time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
def square(x):
    return x * x
def put(q, n):
    q.put((n, n * 2))
def bump(v, l):
    for _ in range(100):
        with l:
            v.value += 1
if __name__ == "__main__":
    with mp.Pool(4) as pool:
        print(sum(pool.map(square, range(100))), pool.apply_async(square, (9,)).get(20))
    q = mp.Queue(); ps = [mp.Process(target=put, args=(q, i)) for i in range(5)]
    [p.start() for p in ps]; print(sorted(q.get(timeout=20) for _ in ps)); [p.join() for p in ps]; print([p.exitcode for p in ps])
    v, l = mp.Value("i", 0), mp.Lock(); ps = [mp.Process(target=bump, args=(v, l)) for _ in range(4)]
    [p.start() for p in ps]; [p.join() for p in ps]; print(v.value)
    a, b = mp.Pipe(); a.send({"k": [1, 2]}); print(b.recv())
    with ProcessPoolExecutor(2, mp_context=mp.get_context("spawn")) as ex:
        print(list(ex.map(square, range(5))))
    with ThreadPoolExecutor(8) as ex:
        print(sum(ex.map(square, range(1000))))
    p = mp.Process(target=time.sleep, args=(30,)); p.start(); p.terminate(); p.join(); print(p.exitcode)
    e = mp.Event(); e.set(); print(e.wait(1)); s = mp.Semaphore(2); print(s.acquire(), s.acquire(), s.acquire(block=False))
    from multiprocessing import shared_memory
    m = shared_memory.SharedMemory(create=True, size=4096); m.buf[0] = 7
    n = shared_memory.SharedMemory(m.name); print(n.buf[0]); n.close(); m.close(); m.unlink()
