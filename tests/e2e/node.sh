// needs: /usr/bin/node
// shell: /usr/bin/node
// timeout: 120
const fs = require("fs"), cp = require("child_process"), { Worker, isMainThread, parentPort, workerData } = require("worker_threads"), net = require("net"), crypto = require("crypto"), os = require("os"), zlib = require("zlib");
if (!isMainThread) {
  let s = 0; for (let i = 0; i < workerData; i++) s += i; parentPort.postMessage(s);
} else (async () => {
  console.log(process.argv.length, typeof process.version, process.platform, process.arch);
  await new Promise(r => { let n = 0; const t = setInterval(() => { if (++n == 5) { clearInterval(t); console.log("ticks", n); r(); } }, 5); });
  setTimeout(() => {}, 0); setImmediate(() => {}); await null;
  fs.mkdirSync("d/e", { recursive: true }); fs.writeFileSync("d/f", "hello"); console.log(fs.readFileSync("d/f", "utf8"), fs.statSync("d/f").size, fs.readdirSync("d"));
  await fs.promises.copyFile("d/f", "d/g"); await fs.promises.appendFile("d/g", "!"); console.log(await fs.promises.readFile("d/g", "utf8")); fs.renameSync("d/g", "d/h"); fs.symlinkSync("h", "d/l"); console.log(fs.readlinkSync("d/l"), fs.existsSync("d/g"));
  try { fs.readFileSync("none"); } catch (e) { console.log(e.code); }
  console.log(await Promise.all([1000, 2000, 3000].map(n => new Promise((r, j) => { const w = new Worker(__filename, { workerData: n }); w.on("message", r); w.on("error", j); }))));
  console.log(cp.execSync("echo from sh").toString().trim(), cp.spawnSync("sh", ["-c", "exit 5"]).status, cp.spawnSync("sh", ["-c", "kill -9 $$"]).signal);
  await new Promise(r => { const c = cp.spawn("cat"); let o = ""; c.stdout.on("data", d => o += d); c.on("close", code => { console.log("cat", o.length, code); r(); }); c.stdin.end("x".repeat(200000)); });
  await new Promise(r => { const s = net.createServer(c => c.end("served")).listen(0, "127.0.0.1", () => net.connect(s.address().port, "127.0.0.1").on("data", d => console.log(d.toString())).on("close", () => s.close(r))); });
  console.log(crypto.createHash("sha1").update("a").digest("hex"), zlib.gunzipSync(zlib.gzipSync("zip")).toString(), os.cpus().length > 0, crypto.randomBytes(8).length);
  await new Promise(r => fs.createReadStream("/etc/passwd").pipe(zlib.createGzip()).on("data", () => {}).on("end", r)); console.log(process.memoryUsage().rss > 0, process.uptime() > 0);
  process.on("SIGUSR2", () => { console.log("usr2"); process.exitCode = 3; clearTimeout(t); }); const t = setTimeout(() => console.log("never"), 5000); process.kill(process.pid, "SIGUSR2");
})();
