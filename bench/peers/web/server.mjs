// A static server of this folder that notes what it served; MNIST comes from where INKLING_MNIST_DIR points.
import http from 'node:http'; import fs from 'node:fs'; import path from 'node:path'; import { fileURLToPath } from 'node:url';
const root = path.dirname(fileURLToPath(import.meta.url));
const types = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm', '.json': 'application/json' };
export function serve(served) {
  return new Promise((done) => {
    const server = http.createServer((request, answer) => {
      const at = decodeURIComponent(new URL(request.url, 'http://localhost').pathname);
      const mnist = process.env.INKLING_MNIST_DIR, file = at.startsWith('/mnist/') && mnist ? path.join(mnist, path.basename(at)) : path.join(root, at);
      if (!fs.existsSync(file) || fs.statSync(file).isDirectory()) { answer.writeHead(404); answer.end(); return; }
      served.add(file);
      answer.writeHead(200, { 'content-type': types[path.extname(file)] || 'application/octet-stream', 'cache-control': 'no-store' });
      fs.createReadStream(file).pipe(answer);
    });
    server.listen(0, '127.0.0.1', () => done({ url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() }));
  });
}
