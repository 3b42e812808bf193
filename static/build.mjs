// Copies what the pages need from the packages of the lock file into vendor/, which the program embeds:
// Leaflet and Swagger UI as published, IBM Plex Sans Arabic cut down to the letters that our three languages use, and all our scripts as one classic
// script for the static site.
// Run by `npm run build`; it only reads node_modules and only writes vendor/.
import { copyFile, mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import subsetFont from 'subset-font';

const packages = new URL('node_modules/', import.meta.url);
const vendor = new URL('vendor/', import.meta.url);

/** Letters of Arabic as written in Morocco, its marks, digits and punctuation, and the space between its words. */
const ARABIC =
  ' ' +
  'ءآأؤإئابةتثجحخدذرزسشصضطظعغـفقكلمنهويىٱڭگݣپچڤڥ' +
  'ًٌٍَُِّْٰٕٓٔ' +
  '،؛؟٪٫٬٠١٢٣٤٥٦٧٨٩';

/** Latin-1 and Latin Extended-A (French, English, the neighbours' names), and the typography of French. */
const LATIN =
  Array.from({ length: 0x17f - 0x20 + 1 }, (_, i) => String.fromCodePoint(0x20 + i)).join('') +
  '\u2009\u202f\u2010\u2011–—‘’“”„…‹›•€←→−²³′″';

const FONTS = [400, 600].flatMap((weight) => [
  { script: 'arabic', weight, letters: ARABIC },
  { script: 'latin', weight, letters: LATIN },
]);

/** The card of a page, which the program draws itself, needs the same letters in a form that it reads; no page loads these. */
const CARD_FOLDER = 'fonts/card/';

/** All pages together must stay under this; the unicode-range in css/type.css spares most pages the half of it. */
const FONT_BUDGET = 80_000;

async function emptyVendor() {
  await mkdir(vendor, { recursive: true });
  for (const name of await readdir(vendor)) {
    if (name !== '.gitkeep') await rm(new URL(name, vendor), { recursive: true });
  }
}

async function buildLeaflet() {
  await mkdir(new URL('leaflet/', vendor), { recursive: true });
  for (const name of ['leaflet.js', 'leaflet.css']) {
    // The licence travels in the head of the file; source maps do not travel, so neither does the word that asks for one.
    const text = await readFile(new URL(`leaflet/dist/${name}`, packages), 'utf8');
    await writeFile(new URL(`leaflet/${name}`, vendor), text.replace(/\n?\/\/# sourceMappingURL=.*\s*$/, '\n'));
  }
  await mkdir(new URL('leaflet/images/', vendor), { recursive: true });
  for (const name of await readdir(new URL('leaflet/dist/images/', packages))) {
    await copyFile(new URL(`leaflet/dist/images/${name}`, packages), new URL(`leaflet/images/${name}`, vendor));
  }
  await copyFile(new URL('leaflet/LICENSE', packages), new URL('leaflet/LICENSE.txt', vendor));
}

/** The interactive API definition, which one page fetches by itself; its licences travel beside it. */
async function buildSwagger() {
  const source = new URL('swagger-ui-dist/', packages);
  const into = new URL('swagger-ui/', vendor);
  await mkdir(into, { recursive: true });
  let weight = 0;
  for (const [from, to] of [['swagger-ui-bundle.js', 'swagger-ui.js'], ['swagger-ui.css', 'swagger-ui.css']]) {
    const text = (await readFile(new URL(from, source), 'utf8')).replace(/\n?\/[/*]# sourceMappingURL=.*\s*$/, '\n');
    await writeFile(new URL(to, into), text);
    weight += gzipSync(text).length;
  }
  for (const [from, to] of [['LICENSE', 'LICENSE.txt'], ['NOTICE', 'NOTICE.txt'], ['swagger-ui-bundle.js.LICENSE.txt', 'swagger-ui.js.LICENSE.txt']]) {
    await copyFile(new URL(from, source), new URL(to, into));
  }
  return weight;
}

async function buildFonts() {
  const source = new URL('@fontsource/ibm-plex-sans-arabic/', packages);
  await mkdir(new URL(CARD_FOLDER, vendor), { recursive: true });
  let total = 0;
  for (const { script, weight, letters } of FONTS) {
    const whole = await readFile(new URL(`files/ibm-plex-sans-arabic-${script}-${weight}-normal.woff2`, source));
    const cut = await subsetFont(whole, letters, { targetFormat: 'woff2', noHinting: true });
    await writeFile(new URL(`fonts/plex-${script}-${weight}.woff2`, vendor), cut);
    total += cut.length;
    await writeFile(new URL(`${CARD_FOLDER}plex-${script}-${weight}.ttf`, vendor), await subsetFont(whole, letters, { targetFormat: 'truetype', noHinting: true }));
  }
  if (total > FONT_BUDGET) throw new Error(`the fonts weigh ${total} bytes, the budget is ${FONT_BUDGET}`);
  await copyFile(new URL('LICENSE', source), new URL('fonts/LICENSE.txt', vendor));
  return total;
}

/** A page from a disk may load no module: every module of js/ and site/ as one script. Each of them acts on its own marks in the page. */
async function buildSite() {
  const all = await Promise.all(['js', 'site'].map(async (folder) =>
    (await readdir(new URL(`${folder}/`, import.meta.url))).filter((name) => name.endsWith('.js')).map((name) => `import './${folder}/${name}';`)));
  const { outputFiles: [file] } = await build({
    stdin: { contents: all.flat().join('\n'), resolveDir: import.meta.dirname },
    bundle: true, format: 'iife', target: 'es2022', minify: true, write: false, legalComments: 'inline', logLevel: 'warning',
  });
  await writeFile(new URL('site.js', vendor), file.contents);
  return gzipSync(file.contents).length;
}

await emptyVendor();
await buildLeaflet();
const swagger = await buildSwagger();
const fonts = await buildFonts();
const map = gzipSync(await readFile(new URL('leaflet/leaflet.js', vendor))).length;
const site = await buildSite();
console.error(`static/vendor: fonts ${fonts} bytes, Leaflet ${map}, Swagger UI ${swagger} and the static site's script ${site} bytes compressed`);
