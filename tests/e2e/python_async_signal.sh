# shell: /usr/bin/python3
# timeout: 60
import asyncio, os, select, signal, socket, sys, time
seen = []
signal.signal(signal.SIGUSR1, lambda n, f: seen.append(n)); os.kill(os.getpid(), signal.SIGUSR1); print(seen)
signal.signal(signal.SIGALRM, lambda n, f: seen.append("alarm")); signal.setitimer(signal.ITIMER_REAL, 0.05); time.sleep(0.2); print(seen)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2]); os.kill(os.getpid(), signal.SIGUSR2)
print(signal.sigpending(), signal.sigwait([signal.SIGUSR2]))
try:
    signal.signal(signal.SIGALRM, lambda n, f: 1 / 0); signal.setitimer(signal.ITIMER_REAL, 0.05); time.sleep(5)
except ZeroDivisionError:
    print("raised")
async def tick(n):
    await asyncio.sleep(0.01 * n); return n
async def serve():
    async def echo(reader, writer):
        writer.write((await reader.readline()).upper()); await writer.drain(); writer.close()
    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    async def ask(i):
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(b"hello %d\n" % i); return await reader.readline()
    print(sorted(await asyncio.gather(*[ask(i) for i in range(10)]))); server.close()
    p = await asyncio.create_subprocess_exec("sh", "-c", "cat; exit 2", stdin=-1, stdout=-1)
    print(await p.communicate(b"piped"), p.returncode)
    loop = asyncio.get_running_loop(); done = asyncio.Event(); loop.add_signal_handler(signal.SIGUSR1, done.set)
    os.kill(os.getpid(), signal.SIGUSR1); await asyncio.wait_for(done.wait(), 5); print("signalled")
    u = await asyncio.start_unix_server(echo, "sock"); r, w = await asyncio.open_unix_connection("sock"); w.write(b"unix\n"); print(await r.readline()); u.close()
    print(await loop.run_in_executor(None, lambda: sum(range(100))))
async def main():
    print(await asyncio.gather(*[tick(i) for i in (3, 1, 2)]))
    try:
        await asyncio.wait_for(asyncio.sleep(5), 0.05)
    except asyncio.TimeoutError:
        print("timed out")
    await serve()
asyncio.run(main())
a, b = socket.socketpair(); a.sendall(b"x" * 1000); print(len(b.recv(5000))); p = select.poll(); p.register(b, select.POLLIN); print(p.poll(10))
e = select.epoll(); e.register(b.fileno(), select.EPOLLIN); a.send(b"y"); print([m for _, m in e.poll(1)])
try:
    socket.create_connection(("127.0.0.1", 1), 1)
except OSError as error:
    print(error.errno)
sys.stdout.flush(); os.kill(os.getpid(), signal.SIGTERM)
