// Suggestions under the search box, by the combobox pattern of the ARIA practices: the focus stays in the box, the arrows move through
// the list, Enter opens the chosen page, Escape closes the list, and a status says how many there are. Without script, or when the
// server doesn't answer, the box is a form like any other.

const PAUSE = 120; // milliseconds between the last key and the question

/** Who proposes what may be meant: the server; in the static site, its own index. */
export const source = {
  async suggest(form, text, signal) {
    const answer = await fetch(`${form.dataset.suggest}?q=${encodeURIComponent(text)}`, { signal });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  },
};

for (const form of document.querySelectorAll('form[data-suggest]')) enhance(form);

function enhance(form) {
  const input = form.querySelector('input[name="q"]');
  const list = Object.assign(document.createElement('ul'), { id: `${input.id}-suggestions`, className: 'suggestions', hidden: true });
  const status = Object.assign(document.createElement('p'), { className: 'visually-hidden' });
  list.setAttribute('role', 'listbox');
  list.setAttribute('aria-label', form.dataset.label);
  status.setAttribute('role', 'status');
  status.setAttribute('aria-live', 'polite');
  for (const [name, value] of [['role', 'combobox'], ['aria-autocomplete', 'list'], ['aria-controls', list.id], ['aria-expanded', 'false']]) {
    input.setAttribute(name, value);
  }
  form.append(list, status);

  let chosen = -1;
  let timer = 0;
  let asking = new AbortController();

  const close = () => {
    clearTimeout(timer);
    asking.abort();
    list.hidden = true;
    choose(-1);
    input.setAttribute('aria-expanded', 'false');
  };

  /** Marks option n; -1 means none: Enter then searches for what is typed. */
  const choose = (n) => {
    list.children[chosen]?.setAttribute('aria-selected', 'false');
    chosen = n;
    const option = list.children[chosen];
    option?.setAttribute('aria-selected', 'true');
    option?.scrollIntoView({ block: 'nearest' });
    if (option) input.setAttribute('aria-activedescendant', option.id);
    else input.removeAttribute('aria-activedescendant');
  };

  const ask = async () => {
    const text = input.value.trim();
    asking.abort();
    if (text.length < 2) { // one letter begins everything
      close();
      status.textContent = '';
      return;
    }
    const mine = (asking = new AbortController());
    try {
      const found = await source.suggest(form, text, mine.signal);
      if (mine.signal.aborted) return;
      show(found);
    } catch {
      if (!mine.signal.aborted) close(); // the form still works
    }
  };

  const show = ({ options, status: words }) => {
    choose(-1);
    list.replaceChildren(...options.map((option, n) => draw(option, `${list.id}-${n}`)));
    list.hidden = options.length === 0;
    input.setAttribute('aria-expanded', String(!list.hidden));
    status.textContent = words;
  };

  input.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE);
  });
  input.addEventListener('keydown', (event) => {
    if (event.isComposing) return;
    const last = list.children.length - 1;
    if (event.key === 'Escape' && !list.hidden) {
      event.preventDefault(); // the first Escape closes the list, the next one may empty the box
      close();
    } else if ((event.key === 'ArrowDown' || event.key === 'ArrowUp') && list.hidden) {
      event.preventDefault();
      ask();
    } else if (event.key === 'ArrowDown') {
      event.preventDefault();
      choose(chosen === last ? -1 : chosen + 1);
    } else if (event.key === 'ArrowUp') {
      event.preventDefault();
      choose(chosen === -1 ? last : chosen - 1);
    }
  });
  form.addEventListener('submit', (event) => {
    if (chosen < 0) return;
    event.preventDefault(); // Enter on a suggestion opens it
    location.assign(list.children[chosen].dataset.href);
  });
  input.addEventListener('blur', close);
  list.addEventListener('mousedown', (event) => event.preventDefault()); // a click must not take the focus from the box, which would close the list
  list.addEventListener('click', (event) => {
    const option = event.target.closest('[role="option"]');
    if (option) location.assign(option.dataset.href);
  });
}

/** One suggestion. Text only: titles come from documents we did not write. @returns {HTMLElement} */
function draw({ text, lang, dir, note, href }, id) {
  const option = Object.assign(document.createElement('li'), { id });
  option.setAttribute('role', 'option');
  option.setAttribute('aria-selected', 'false');
  option.dataset.href = href;
  const name = Object.assign(document.createElement('bdi'), { textContent: text });
  if (lang) name.lang = lang;
  if (dir) name.dir = dir;
  option.append(name, ' ', Object.assign(document.createElement('span'), { className: 'note', textContent: note }));
  return option;
}
