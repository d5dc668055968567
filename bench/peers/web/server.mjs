// A static server of this folder that notes what it served. MNIST comes from where INKLING_MNIST_DIR points: its files by their names below
// /mnist/, and as /mnist/pixels and /mnist/labels the first 12,800 images that are trained on, one byte a pixel and a label.
import http from 'node:http'; import fs from 'node:fs'; import path from 'node:path'; import zlib from 'node:zlib'; import { fileURLToPath } from 'node:url';
const root = path.dirname(fileURLToPath(import.meta.url));
const types = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm', '.json': 'application/json' };
const mnist = process.env.INKLING_MNIST_DIR, IMAGES = 12800;
// The file, the length of its header, and bytes an image.
const firstImages = { '/mnist/pixels': ['train-images-idx3-ubyte.gz', 16, 784], '/mnist/labels': ['train-labels-idx1-ubyte.gz', 8, 1] };
export function serve(served) {
  return new Promise((done) => {
    const server = http.createServer((request, answer) => {
      const at = decodeURIComponent(new URL(request.url, 'http://localhost').pathname);
      if (mnist && at in firstImages) {
        const [name, header, bytes] = firstImages[at];
        answer.end(zlib.gunzipSync(fs.readFileSync(path.join(mnist, name))).subarray(header, header + IMAGES * bytes)); return;
      }
      const file = at.startsWith('/mnist/') && mnist ? path.join(mnist, path.basename(at)) : path.join(root, at);
      if (!fs.existsSync(file) || fs.statSync(file).isDirectory()) { answer.writeHead(404); answer.end(); return; }
      served.add(file);
      answer.writeHead(200, { 'content-type': types[path.extname(file)] || 'application/octet-stream', 'cache-control': 'no-store' });
      fs.createReadStream(file).pipe(answer);
    });
    server.listen(0, '127.0.0.1', () => done({ url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() }));
  });
}
