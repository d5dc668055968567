// Put in the place of sw.js, this takes the offline copy of the site out of every browser that comes back:
// `cargo xtask dist --no-offline`. What people keep lies in IndexedDB and is not touched.
self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', event => event.waitUntil((async () => {
  for (const name of await caches.keys()) await caches.delete(name);
  await self.registration.unregister();
})()));
