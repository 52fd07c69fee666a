/** Inspector pages are made of these few pieces; everything put in is escaped. */
export const escapeHtml = (text: unknown): string =>
  String(text ?? '').replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

export const link = (href: string, text: unknown): Raw => raw(`<a href="${escapeHtml(href)}">${escapeHtml(text)}</a>`);

export interface Raw {
  html: string;
}
export const raw = (html: string): Raw => ({ html });
const cell = (value: unknown): string =>
  typeof value === 'object' && value !== null && 'html' in value ? String(value.html) : escapeHtml(value);

export function table(head: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const body = rows.map((row) => `<tr>${row.map((value) => `<td>${cell(value)}</td>`).join('')}</tr>`).join('');
  return `<table><thead><tr>${head.map((name) => `<th>${escapeHtml(name)}</th>`).join('')}</tr></thead><tbody>${body}</tbody></table>`;
}

/** A form of text fields. */
export function form(
  action: string,
  fields: readonly { name: string; label: string; value: string | null; hidden?: boolean }[],
  button: string,
): string {
  const inputs = fields.map(({ name, label, value, hidden }) =>
    hidden === true
      ? `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`
      : `<label>${escapeHtml(label)}<input name="${escapeHtml(name)}" value="${escapeHtml(value)}"></label>`,
  );
  return `<form method="post" action="${escapeHtml(action)}">${inputs.join('')}<button>${escapeHtml(button)}</button></form>`;
}

export function page(title: string, navigation: readonly [string, string][], body: string): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title>
<style>body{font:15px/1.5 system-ui,sans-serif;margin:0;color:#213343;background:#f5f8fa}header{background:#213343;color:#fff;padding:12px 24px}header a{color:#cfe8f5;margin-right:16px}
main{padding:24px;max-width:1200px}table{border-collapse:collapse;width:100%;background:#fff}th,td{border-bottom:1px solid #dfe3eb;padding:6px 10px;text-align:left;vertical-align:top;overflow-wrap:break-word}td:first-child{white-space:nowrap}
label{display:grid;gap:2px;margin:0 0 10px;max-width:420px}input{padding:6px 8px;border:1px solid #99acc2;border-radius:3px;font:inherit}button{padding:8px 16px;background:#0b6bcb;color:#fff;border:0;border-radius:3px;font:inherit}</style>
<header><strong>${escapeHtml(title)}</strong> &nbsp; ${navigation.map(([href, text]) => `<a href="${escapeHtml(href)}">${escapeHtml(text)}</a>`).join('')}</header><main>${body}</main></html>`;
}
