// The interactive API definition: Swagger UI, fetched when the rest of the page is there. Until then, and where it can't be fetched, the
// plain list of addresses stands in its place.

const place = document.querySelector('[data-definition]');

/** Puts the console in the place of the list that follows it. */
async function show() {
  const [definition] = await Promise.all([
    read(place.dataset.definition),
    load(Object.assign(document.createElement('script'), { src: place.dataset.script })),
    ...place.dataset.sheets.split(' ').map((href) => load(Object.assign(document.createElement('link'), { rel: 'stylesheet', href }))),
  ]);
  new MutationObserver(mend).observe(place, { childList: true, subtree: true });
  definition.servers = [{ url: '/api' }]; // where the page is read, which needn't be the public address
  window.SwaggerUIBundle({
    domNode: place,
    spec: definition,
    defaultModelsExpandDepth: -1,
    docExpansion: 'list',
    supportedSubmitMethods: ['get'],
    syntaxHighlight: { activated: false }, // its colours are too faint, and a long answer would keep the page busy
    validatorUrl: null, // it would ask another host
    plugins: [{ wrapComponents: { InfoContainer: () => nothing, ServersContainer: () => nothing } }], // the page says the one and there is one of the other
    onComplete() {
      place.hidden = false;
      document.querySelector('[data-console-words]').hidden = false;
      document.querySelector('#operations .document-table')?.setAttribute('hidden', '');
      place.dataset.state = 'ready';
    },
  });
}

const nothing = () => null;

/** Gives what the console leaves without a name or out of the keyboard's reach what it lacks. */
function mend() {
  for (const field of place.querySelectorAll('select:not([aria-label])')) {
    field.setAttribute('aria-label', field.closest('[data-param-name]')?.dataset.paramName ?? 'Media type');
  }
  for (const code of place.querySelectorAll('pre:not([tabindex])')) code.tabIndex = 0;
}

async function read(address) {
  const answer = await fetch(address);
  if (!answer.ok) throw new Error(`${address}: ${answer.status}`);
  return answer.json();
}

/** Adds a script or a style sheet to the page. @returns {Promise<void>} when it is there */
function load(element) {
  return new Promise((done, failed) => {
    element.addEventListener('load', () => done());
    element.addEventListener('error', failed);
    document.head.append(element);
  });
}

if (place) show().catch(() => { place.dataset.state = 'failed'; });
