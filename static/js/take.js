// What one takes along from a page: its address by the system's own sharing or by copying, the code of an embed, a print. Each button is
// hidden until this has run, because without script it could do nothing; links beside them do the same without.

/** Says in the row's own status line that something was done, so that eyes and screen readers learn it alike. */
function say(button, text) {
  const line = button.closest('.take-row').querySelector('[data-said]');
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

for (const button of document.querySelectorAll('[data-copy-from]')) {
  button.hidden = false;
  button.addEventListener('click', () => copy(button, document.getElementById(button.dataset.copyFrom).value));
}
