// node bench.mjs PEER MODEL    prints one JSON object: what protocol.js measured in a fresh browser, its CPU time and memory.
// CPU time and memory are those of the whole browser: all processes below this one, from /proc.
import { chromium } from 'playwright-core'; import fs from 'node:fs'; import path from 'node:path'; import zlib from 'node:zlib';
import { serve } from './server.mjs';

const flags = ['--no-sandbox', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
const peers = {
  inkling: { page: 'inkling.html', backend: 'wasm' },
  'ort-web': { page: 'ort.html', backend: 'wasm', threads: 1 },
  // Stock tfjs cannot train a CNN in WebAssembly; the page adds the kernel that it lacks.
  tfjs: { page: 'tfjs.html', backend: 'wasm', shim: true },
  'jax-js': { page: 'jaxjs.html', backend: 'wasm' },
};
const [name, model] = process.argv.slice(2), peer = peers[name];
if (!peer || !model) { console.error(`usage: node bench.mjs ${Object.keys(peers).join('|')} MODEL`); process.exit(2); }
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => process.exit(143));

function browserProcesses() {
  const children = new Map(), ticks = new Map();
  for (const entry of fs.readdirSync('/proc')) if (/^\d+$/.test(entry)) try {
    const stat = fs.readFileSync(`/proc/${entry}/stat`, 'utf8'), fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    ticks.set(+entry, +fields[11] + +fields[12]);
    children.set(+fields[1], [...(children.get(+fields[1]) || []), +entry]);
  } catch { /* it has ended */ }
  const found = [], queue = [...(children.get(process.pid) || [])];
  while (queue.length) { const pid = queue.pop(); found.push({ pid, cpu_ms: 10 * ticks.get(pid) }); queue.push(...(children.get(pid) || [])); }
  return found;
}
function cpuTimes() {
  const busy = fs.readFileSync('/proc/stat', 'utf8').split('\n')[0].trim().split(/\s+/).slice(1).map(Number);
  const ours = browserProcesses().reduce((sum, process) => sum + process.cpu_ms, 0);
  return { ours, busy: (busy[0] + busy[1] + busy[2] + busy[5] + busy[6]) * 10, wall: performance.now() };
}
// Memory that is shared counts once ("proportional set size").
function memoryBytes() {
  let sum = 0;
  for (const { pid } of browserProcesses()) try {
    sum += 1024 * Number(/^Pss:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] || 0);
  } catch { /* it has ended */ }
  return sum;
}

const batch = model.startsWith('study-') ? 512 : 64;
const served = new Set(), server = await serve(served);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', headless: true, args: flags });
let peak = 0;
const sampling = setInterval(() => { peak = Math.max(peak, memoryBytes()); }, 1000);
try {
  const page = await browser.newPage();
  page.on('pageerror', (error) => console.error('  [page]', error.message));
  await page.exposeFunction('__cpu', cpuTimes);
  await page.goto(`${server.url}/${peer.page}?backend=${peer.backend}`);
  await page.waitForFunction('window.ready === true', null, { timeout: 30000 });
  const result = await page.evaluate((order) => window.run(order), { backend: peer.backend, model, batch, threads: peer.threads, shim: peer.shim, cfg: JSON.parse(process.env.CFG || '{}') });
  const libraries = [...served].filter((file) => /\/web\/(node_modules|inkling)\//.test(file));
  result.library_bytes_brotli = libraries.reduce((sum, file) => sum + zlib.brotliCompressSync(fs.readFileSync(file)).length, 0);
  result.peak_memory_bytes = peak; result.chromium = browser.version();
  if (result.train_error) result.error = result.train_error;
  console.log(JSON.stringify(result));
} catch (error) {
  console.log(JSON.stringify({ error: String(error.message || error).split('\n')[0] }));
} finally {
  clearInterval(sampling); await browser.close(); server.close();
}
