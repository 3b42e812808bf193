// What one takes along from a page: its address by the system's own sharing or by copying, a print. Each button is
// hidden until this has run, because without script it could do nothing; links beside them do the same without.

/** Says in the row's own status line that something was done, so that eyes and screen readers learn it alike. */
function say(button, text) {
  const line = button.closest('.take').querySelector('[data-said]');
  line.textContent = '';
  requestAnimationFrame(() => { line.textContent = text; }); // the same words again are said again
}

async function copy(button, text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // No clipboard for scripts here: a page that came by plain HTTP. The old command still works on a selection.
    const area = Object.assign(document.createElement('textarea'), { value: text, readOnly: true, className: 'visually-hidden' });
    document.body.append(area);
    area.select();
    const done = document.execCommand('copy');
    area.remove();
    button.focus();
    if (!done) return;
  }
  say(button, button.dataset.done);
}

/** What the row is about: the public address of the page, with the view of its map if it has one. */
function subject(row) {
  const view = location.hash.startsWith('#view=') ? location.hash : '';
  return { title: row.dataset.title, url: row.dataset.address + view, view };
}

/** Shows a button that has something to do. */
function offer(row, selector, act) {
  const button = row.querySelector(selector);
  if (!button) return;
  button.closest('li').hidden = false;
  button.addEventListener('click', () => act(button));
}

for (const row of document.querySelectorAll('.take')) {
  if (navigator.share) {
    offer(row, '[data-share]', () => {
      const { title, url } = subject(row);
      navigator.share({ title, url }).catch(() => {}); // the visitor thought better of it
    });
  }
  offer(row, '[data-copy-link]', (button) => copy(button, subject(row).url));
  offer(row, '[data-print]', () => print());
  // Links take the view along when they are followed: it changes with every move of the map.
  row.querySelector('[data-embed]')?.addEventListener('click', ({ currentTarget: link }) => {
    const to = new URL(link.href);
    to.searchParams.set('of', to.searchParams.get('of').split('#')[0] + subject(row).view);
    link.href = to.href;
  });
  row.querySelector('[data-mail]')?.addEventListener('click', ({ currentTarget: link }) => {
    const bare = encodeURIComponent(row.dataset.address);
    link.href = link.href.replace(new RegExp(`${bare.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(%23view[^&]*)?$`), encodeURIComponent(subject(row).url));
  });
}
