import type { Response } from 'express';

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** A small page at the end of an OAuth flow: what happened, and where to go on. */
export function sendPage(response: Response, status: number, page: { title: string; text: string; link?: { href: string; label: string } }): void {
  const link = page.link === undefined ? '' : `<p><a href="${escapeHtml(page.link.href)}">${escapeHtml(page.link.label)}</a></p>`;
  response
    .status(status)
    .type('html')
    .send(
      `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(page.title)}</title>` +
        `<style>body{font:17px/1.5 system-ui,sans-serif;max-width:34rem;margin:12vh auto;padding:0 1.5rem;color:#213343}a{color:#0b6bcb}</style>` +
        `<h1>${escapeHtml(page.title)}</h1><p>${escapeHtml(page.text)}</p>${link}`,
    );
}
