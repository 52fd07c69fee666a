/**
 * Takes the pictures of the setup guide anew: docs/images, from the real settings page and cards in the preview, over
 * stand-ins. Nothing to prepare; takes about a minute.
 *
 *   npm run screenshots
 */
import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import chromium from '@sparticuz/chromium';
import { chromium as playwright } from 'playwright-core';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'docs/images');
await mkdir(folder, { recursive: true });
/** Pixels of a picture, at most. */
const tallest = 880;

/** Starts the demo; answers the address of the preview, the record it opens with, and how to end it. */
async function demo(...parameters) {
  const child = spawn(process.execPath, [join(root, 'build/sandbox/demo.js'), ...parameters], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  let printed = '';
  const url = await new Promise((resolve, reject) => {
    child.once('exit', () => reject(new Error(`The demo ended before its preview opened:\n${printed}`)));
    child.stdout.setEncoding('utf8').on('data', (text) => {
      printed += text;
      const found = /settings page\s+(\S+)\n\s+record pages\s+\S+?(?:&record=(\d+))?\n/.exec(printed);
      if (found !== null) resolve({ settings: found[1], record: found[2] ?? '' });
    });
  });
  return {
    ...url,
    async end() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

const browser = await playwright.launch({
  executablePath: await chromium.executablePath(),
  args: chromium.args,
  headless: true,
});

/** A window of the browser, and what people do in it. */
async function open(url, size) {
  const page = await browser.newPage({ viewport: size });
  page.setDefaultTimeout(60_000);
  await page.goto(url);
  return {
    page,
    click: (name) => page.getByRole('button', { name, exact: true }).click(),
    sees: (text) => page.getByText(text).first().waitFor(),
    /** Keeps the extension, without the frame of the preview; of what is long, its beginning. */
    async picture(name) {
      // What was said a moment ago must have gone.
      await page.waitForFunction('document.querySelectorAll(".said > *").length === 0');
      const box = await page.locator('[data-extension]').first().boundingBox();
      const clip = { ...box, height: Math.min(box.height, tallest) };
      await page.screenshot({ path: join(folder, `${name}.png`), clip, fullPage: true });
      process.stdout.write(`docs/images/${name}.png\n`);
    },
  };
}

async function setUp() {
  const { settings, end } = await demo('--bare', '--people', '200');
  try {
    const { page, click, sees, picture } = await open(settings, { width: 1040, height: 800 });
    await page.getByLabel('Private API key').waitFor();
    await picture('1-connect');
    await page.getByLabel('Private API key').fill('pk_sandbox_TANDM1');
    await click('Connect');
    const list = page.getByLabel('Klaviyo list they join');
    await list.locator('option[value=CstHub]').waitFor({ state: 'attached' });
    await list.selectOption('CstHub');
    await picture('2-who');
    await click('Next');
    await page.getByRole('cell', { name: 'Email' }).first().waitFor();
    await picture('3-fields');
    await click('Next');
    await sees('Consent to email marketing');
    await picture('4-consent');
    await click('Next');
    await page.getByText('Joins the Klaviyo list').first().waitFor();
    await picture('5-preview');
    await click('Next');
    await sees('Ready to activate');
    await page.getByTestId('activate').click();
    await page.locator('.status', { hasText: /^Active$/ }).waitFor();
    await picture('6-active');
    await page.getByRole('link', { name: '← All connections' }).click();
    await click('New email activity sync');
    await sees('Which emails count');
    await click('Next');
    await sees('Which activities appear on the timeline');
    await picture('7-activities');
  } finally {
    await end();
  }
}

async function inUse() {
  const { settings, record, end } = await demo('--people', '200');
  try {
    const overview = await open(settings, { width: 1040, height: 800 });
    await overview.sees('Contacts this month');
    await overview.picture('8-overview');
    const card = await open(`${settings}?extension=tandem_contact_tab&record=${record}`, { width: 820, height: 800 });
    await card.sees('In sync');
    await card.page.getByText('Asking Klaviyo …').first().waitFor({ state: 'detached' });
    await card.picture('9-card');
  } finally {
    await end();
  }
}

try {
  await setUp();
  await inUse();
} finally {
  await browser.close();
}
