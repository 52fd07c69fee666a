import type { Response } from 'express';
import type { Logger } from 'pino';
import { NeedsPerson, RecordRefused, RetryLater } from '../errors.js';

const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** A small page at the end of an OAuth flow: what happened, and where to go on. */
export function sendPage(
  response: Response,
  status: number,
  page: { title: string; text: string; link?: { href: string; label: string } },
): void {
  const link =
    page.link === undefined ? '' : `<p><a href="${escapeHtml(page.link.href)}">${escapeHtml(page.link.label)}</a></p>`;
  response
    .status(status)
    .set('cache-control', 'no-store')
    .type('html')
    .send(
      `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(page.title)}</title>` +
        `<style>body{font:17px/1.5 system-ui,sans-serif;max-width:34rem;margin:12vh auto;padding:0 1.5rem;color:#213343}a{color:#0b6bcb}</style>` +
        `<h1>${escapeHtml(page.title)}</h1><p>${escapeHtml(page.text)}</p>${link}`,
    );
}

/** The page of a flow that failed. The cause is a vendor's or a person's and said in words, or ours and logged. */
export function sendFailure(
  response: Response,
  log: Logger,
  cause: unknown,
  page: { title: string; link?: { href: string; label: string } },
): void {
  if (cause instanceof RetryLater)
    return sendPage(response, 503, { ...page, text: `${cause.message} Please try again in a minute.` });
  if (cause instanceof NeedsPerson) return sendPage(response, 400, { ...page, text: `${cause.message} ${cause.fix}` });
  if (cause instanceof RecordRefused) return sendPage(response, 400, { ...page, text: cause.message });
  log.error({ err: cause }, 'a connection could not be made');
  return sendPage(response, 500, {
    ...page,
    text: 'Something went wrong on our side. It has been noted; please try again later.',
  });
}
