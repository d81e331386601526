// Inflates what lies packed in the page, the program and its data, and lets the first run on the second. The page's policy knows this and the
// program by their hashes.

(async () => {
  const elements = ['library', 'data'].map(id => document.getElementById(id));
  if (!elements.every(Boolean) || typeof DecompressionStream === 'undefined') return;
  const [program, data] = await Promise.all(elements.map(element => {
    const bytes = Uint8Array.from(atob(element.textContent.trim()), character => character.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('deflate'))).text();
  }));
  const script = document.createElement('script');
  script.textContent = program;
  document.head.append(script);
  dispatchEvent(new CustomEvent('unpacked', { detail: data }));
})().catch(console.error);
