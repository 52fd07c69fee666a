import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import chromium from '@sparticuz/chromium';
import { chromium as playwright, type Browser, type Page } from 'playwright-core';
import { startPreview, type Preview } from '../../sandbox/preview/start-preview.js';
import type { World } from './service.js';

/** The extensions as a person sees them: real bundles, a real browser, the service of a world behind. */
export interface Sight {
  page: Page;
  preview: Preview;
  /** What the browser complained of: errors on the console, exceptions, failed requests. */
  complaints: string[];
  /** Keeps a picture in screenshots/, which git ignores; what axe finds wrong on it joins the complaints. */
  picture(name: string): Promise<void>;
  close(): Promise<void>;
}

/** Pictures are written to this folder. */
const pictures = 'screenshots';

/** Bundles the extensions, if something changed, and opens the settings page of the world's portal. */
export async function openSight(world: World, size = { width: 1200, height: 900 }): Promise<Sight> {
  await promisify(execFile)(process.execPath, [join('scripts', 'extensions.mjs')]);
  await mkdir(pictures, { recursive: true });
  const preview = await startPreview({ ...world.user, hubspotUrl: world.hubspot.url });
  const browser: Browser = await playwright.launch({
    executablePath: await chromium.executablePath(),
    args: chromium.args,
    headless: true,
  });
  const page = await browser.newPage({ viewport: size });
  page.setDefaultTimeout(15_000);
  const complaints: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(preview.url);
  let taken = 0;
  return {
    page,
    preview,
    complaints,
    async picture(name) {
      taken += 1;
      const number = String(taken).padStart(2, '0');
      await page.screenshot({ path: join(pictures, `settings-${number}-${name}.png`), fullPage: true });
      complaints.push(...(await faults(page)).map((fault) => `${name}: ${fault}`));
    },
    async close() {
      await browser.close();
      await preview.close();
    },
  };
}

/** Whether anything is wider than the window, so that people must scroll sideways. */
export const overflows = (page: Page): Promise<boolean> =>
  page.evaluate('document.documentElement.scrollWidth > window.innerWidth');

/** What axe finds seriously wrong in the extensions on a page. */
export async function faults(page: Page): Promise<string[]> {
  await page.addScriptTag({ path: 'node_modules/axe-core/axe.min.js' });
  return page.evaluate<string[]>(
    `axe.run('[data-extension]').then(({ violations }) => violations
       .filter(({ impact }) => impact === 'serious' || impact === 'critical')
       .map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' ')))`,
  );
}
