/** Posts what a page of the harness can do, and what it finds in the folder `beside`. */
const found = await fetch('/beside/page-that-fails.ts');
const missing = await fetch('/beside/nothing.json');
await fetch('/result', {
  method: 'POST',
  body: JSON.stringify({
    isolated: (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated,
    found: (await found.text()).includes('the page is broken'),
    missing: missing.status,
  }),
});
