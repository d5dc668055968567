// Makes the site work offline. It keeps one build whole and serves that build until another one is whole and accepted.
// `cargo xtask` puts in the build's sum and its files; no file of another build is ever mixed in.
const BUILD = BUILD_SUM;
const FILES = BUILD_FILES;

const ROOT = new URL('./', self.location).pathname;
const SHELL = `shell-${BUILD}`;
// What stays from build to build: MNIST, and the WebGPU worker, which is kept once it is used or asked for.
const DATA = 'data-v1';
const isData = path => path.startsWith('data/') || path.startsWith('worker/gpu-');

const isPage = path => path === '' || path.endsWith('.html');

// The whole file from the network, or an error: a host that answers what is missing with a page has no such file.
const fetchFresh = async path => {
  const answer = await fetch(ROOT + path, { cache: 'reload' });
  const isHtml = (answer.headers.get('content-type') ?? '').includes('text/html');
  if (!answer.ok || isHtml !== isPage(path)) throw new Error(`${path}: ${answer.status}`);
  return answer;
};

const install = async () => {
  const answers = await Promise.all(FILES.map(fetchFresh));
  const cache = await caches.open(SHELL);
  try {
    await Promise.all(FILES.map((path, index) => cache.put(ROOT + path, answers[index])));
  } catch (error) {
    await caches.delete(SHELL);
    throw error;
  }
};

const activate = async () => {
  const older = (await caches.keys()).filter(name => name.startsWith('shell-') && name !== SHELL);
  await Promise.all(older.map(name => caches.delete(name)));
  // The WebGPU worker of an older build answers nothing of this one.
  const site = await (await caches.match(`${ROOT}site.json`))?.json();
  const data = await caches.open(DATA);
  for (const request of await data.keys()) {
    const path = new URL(request.url).pathname.slice(ROOT.length);
    if (path.startsWith('worker/') && !path.startsWith(site?.gpu_worker ?? '-')) await data.delete(request);
  }
  // At the first visit the page is of this build: what it asks for from now on is kept.
  if (older.length === 0) await self.clients.claim();
};

// A file that is no page, opened by its address.
const isOtherFile = path => /\.(?!html$)[a-z0-9]+$/.test(path);

// The HTML of a route.
const pageAt = path => {
  const route = path.replace(/(\/|\/?index\.html)$/, '');
  if (route === '') return '';
  return FILES.includes(`${route}/index.html`) ? `${route}/index.html` : '404.html';
};

const answer = async (request, path) => {
  const cache = await caches.open(SHELL);
  if (request.mode === 'navigate' && !isOtherFile(path)) {
    return (await cache.match(ROOT + pageAt(path))) ?? fetch(request);
  }
  if (FILES.includes(path)) return (await cache.match(ROOT + path)) ?? fetch(request);
  if (!isData(path)) return fetch(request);
  const data = await caches.open(DATA);
  const kept = await data.match(ROOT + path);
  if (kept) return kept;
  const fresh = await fetch(request);
  const isHtml = (fresh.headers.get('content-type') ?? '').includes('text/html');
  // Where there is no room it is only not kept.
  if (fresh.status === 200 && !isHtml) await data.put(ROOT + path, fresh.clone()).catch(() => {});
  return fresh;
};

self.addEventListener('install', event => event.waitUntil(install()));
self.addEventListener('activate', event => event.waitUntil(activate()));
self.addEventListener('fetch', event => {
  const url = new URL(event.request.url);
  if (event.request.method !== 'GET' || url.origin !== self.location.origin || !url.pathname.startsWith(ROOT)) return;
  event.respondWith(answer(event.request, url.pathname.slice(ROOT.length)));
});
// The page asks for this when its user has accepted the new build.
self.addEventListener('message', event => {
  if (event.data === 'take over') self.skipWaiting();
});
