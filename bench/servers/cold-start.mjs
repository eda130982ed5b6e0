// One cold start, as a platform makes it: imports the bundle, gives it one request, tells how long all of it took.
const [bundle, url, key] = process.argv.slice(2);
const serve = bundle
  ? (await import(bundle)).default
  : async () =>
      new Response('{"success":false}', { status: 401, headers: { 'content-type': 'application/json' } });
const imported = performance.now();
const headers = key ? { 'x-api-key': key } : {};
const response = await serve(new Request(url, { headers }), { waitUntil: () => {} });
await response.text();
console.log(JSON.stringify({ importedMs: imported, answeredMs: performance.now(), status: response.status }));
process.exit(0);
