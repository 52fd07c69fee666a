import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import chromium from '@sparticuz/chromium';
import { chromium as playwright, type Browser, type Page } from 'playwright-core';
import { startPreview, type Preview, type PreviewOptions } from '../../sandbox/preview/start-preview.js';
import type { World } from './service.js';

/** The extensions as a person sees them: real bundles, a real browser, the service of a world behind. */
export interface Sight {
  page: Page;
  preview: Preview;
  /** What the browser complained of: errors on the console, exceptions, failed requests. */
  complaints: string[];
  /**
   * Keeps a picture in screenshots/, which git ignores; what axe finds wrong on it, and what is too wide, joins the
   * complaints.
   */
  picture(name: string): Promise<void>;
  close(): Promise<void>;
}

/** Pictures are written to this folder. */
const pictures = 'screenshots';

/** Bundles the extensions, if something changed, and opens the settings page of the world's portal. */
export async function openSight(world: World, size = { width: 1200, height: 900 }): Promise<Sight> {
  const sight = await openBrowser({ ...world.user, hubspotUrl: world.hubspot.url }, size);
  await sight.page.goto(sight.preview.url);
  return sight;
}

/** What the service says, made up: states that a world would need long to get into, and sizes it never gets. */
export type Answer = (
  method: string,
  path: string,
  body: unknown,
) => Promise<{ status: number; text: string } | null> | null;

/**
 * The extensions over made-up answers; null lets a request wait for ever. No service and no database: a state is one page
 * load away. What is answered goes through the megabyte that HubSpot passes on.
 */
export async function openStage(answer: Answer, size = { width: 1200, height: 900 }): Promise<Sight> {
  const backend = 'https://service.example';
  const sight = await openBrowser({ backend, clientSecret: 'none', appId: '1', portalId: '4242' }, size);
  await sight.page.route('**/proxy?*', async (route) => {
    const asked = route.request().postDataJSON() as { url: string; method: string; body?: unknown };
    const answered = await answer(asked.method, asked.url.replace(`${backend}/api/v1`, ''), asked.body);
    if (answered === null) return;
    const tooLarge = Buffer.byteLength(answered.text) > 1_048_576;
    if (tooLarge) sight.complaints.push(`${asked.method} ${asked.url} is answered with more than a megabyte`);
    await route.fulfill({ status: answered.status, contentType: 'application/json', body: answered.text });
  });
  return sight;
}

async function openBrowser(options: PreviewOptions, size: { width: number; height: number }): Promise<Sight> {
  await promisify(execFile)(process.execPath, [join('scripts', 'extensions.mjs')]);
  await mkdir(pictures, { recursive: true });
  const preview = await startPreview(options);
  const browser: Browser = await playwright.launch({
    executablePath: await chromium.executablePath(),
    args: chromium.args,
    headless: true,
  });
  const page = await browser.newPage({ viewport: size });
  // Everything is there within a second, unless the machine has much else to do.
  page.setDefaultTimeout(30_000);
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  return {
    page,
    preview,
    complaints,
    async picture(name) {
      await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
      complaints.push(...(await faults(page)).map((fault) => `${name}: ${fault}`));
      const wide = await tooWide(page);
      if (wide !== null) complaints.push(`${name}: ${wide}`);
    },
    async close() {
      await browser.close();
      await preview.close();
    },
  };
}

/** What sticks out of the window or out of a table's frame, so that people must scroll sideways; null when nothing does. */
export const tooWide = (page: Page): Promise<string | null> =>
  page.evaluate<string | null>(`(() => {
    if (document.documentElement.scrollWidth > innerWidth) return 'the page is wider than the window';
    const frame = [...document.querySelectorAll('.table .scroll')].find((one) => one.scrollWidth > one.clientWidth + 1);
    return frame === undefined ? null : 'a table is wider than the page: ' + frame.textContent.slice(0, 80);
  })()`);

/** Whether something is too wide. */
export const overflows = async (page: Page): Promise<boolean> => (await tooWide(page)) !== null;

/** What axe finds seriously wrong in the extensions on a page. */
export async function faults(page: Page): Promise<string[]> {
  if (!(await page.evaluate<boolean>('"axe" in window')))
    await page.addScriptTag({ path: 'node_modules/axe-core/axe.min.js' });
  return page.evaluate<string[]>(
    `axe.run('[data-extension]').then(({ violations }) => violations
       .filter(({ impact }) => impact === 'serious' || impact === 'critical')
       .map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))`,
  );
}
