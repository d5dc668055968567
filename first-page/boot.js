// What runs first. It starts the small program that reads at once, where its canvas stands, and then the page.
// `cargo xtask` puts the names of this build's files in place of FILES.
const files = FILES;

const at = path => new URL(path, document.baseURI).href;

const tell = text => {
  const said = document.createElement('p');
  said.setAttribute('role', 'alert');
  said.className = 'page-failure';
  said.textContent = text;
  document.body.append(said);
};

// Where the browser guards the places at which text becomes code, this is the only way in: HTML without scripts, and scripts of
// this site.
globalThis.trustedTypes?.createPolicy('default', {
  createHTML: text => (/<\s*(script|iframe|object|embed)|\son[a-z]+\s*=|javascript:/i.test(text) ? null : text),
  createScriptURL: url => (new URL(url, document.baseURI).origin === location.origin ? url : null),
});

// A module of one instruction on vectors.
const hasVectors = () =>
  WebAssembly.validate(new Uint8Array(
    [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11]));

const startFirst = async () => {
  const [program, model] = await Promise.all([
    import(at(files.first)).then(async program => (await program.default({ module_or_path: at(files.firstWasm) }), program)),
    fetch(at(files.firstModel)).then(answer => (answer.ok ? answer.arrayBuffer() : Promise.reject(answer.status))),
  ]);
  program.useModel(new Uint8Array(model));
  return program;
};

const start = async () => {
  if (document.getElementById('first-paper')) {
    try {
      globalThis.inklingFirst = await startFirst();
    } catch (error) {
      // The page reads by itself, later.
      console.warn(error);
    }
  }
  try {
    const page = await import(at(files.page));
    await page.default({ module_or_path: at(files.pageWasm) });
  } catch (error) {
    console.error(error);
    tell('Inkling could not be loaded. Check the connection, then reload the page.');
  }
};

if (typeof WebAssembly === 'object' && hasVectors()) {
  start();
} else {
  tell('Inkling computes with WebAssembly and its vector instructions, which this browser lacks or blocks. Every browser since 2021, and Safari since 2023, has them: please update this one, or try another.');
}
