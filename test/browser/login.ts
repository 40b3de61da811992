import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import type { Page } from 'playwright-core';
import { eventually } from '@ambit/testing';
import { runCaptured } from '../../apps/cli/src/captured-run.test-support.ts';
import type { Captured } from '../../apps/cli/src/captured-run.test-support.ts';
import { startCommand } from '../../apps/cli/src/command-run.test-support.ts';
import type { PagesWorld } from './pages-world.ts';

interface LoginOptions {
  readonly env: Readonly<Record<string, string>>;
  readonly person: string;
  /** How they sign in on the page that asks; with a password of ours unless told. */
  readonly signIn?: (page: Page) => Promise<void>;
}

/** The command starts beside a browser. */
const startWithin = { withinMs: 20_000 };

/** Waits until the page says so. */
export const heading = (page: Page, name: string): Promise<void> =>
  page.getByRole('heading', { level: 1, name, exact: true }).waitFor();

export const press = (page: Page, name: string): Promise<void> =>
  page.getByRole('button', { name, exact: true }).click();

/** `ambit login --device`, and the person goes where it shows, signs in and approves. */
export async function loginByDevice(
  world: PagesWorld,
  page: Page,
  { env, person, signIn = (shown) => world.signIn(shown, person) }: LoginOptions,
): Promise<void> {
  const run = startCommand(['login', world.url, '--device'], { env });
  const link = await eventually(() => {
    const [, shown] = /Open (https\S+)/.exec(run.err()) ?? [];
    if (shown === undefined) throw new Error(`no link in ${run.err()}`);
    return shown;
  }, startWithin);
  await page.goto(link);
  await signIn(page);
  await press(page, 'Go on');
  await press(page, 'Approve');
  await heading(page, 'Approved');
  const { code, out } = await run.finished;
  expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining(`as user/${person}`) });
}

/** Runs `ambit login` and goes where it sends the browser of this machine. */
export async function answerLogin(
  world: PagesWorld,
  page: Page,
  options: LoginOptions & { readonly answer: 'Approve' | 'Reject' },
): Promise<Captured> {
  const { env, person, answer, signIn = (shown) => world.signIn(shown, person) } = options;
  const bin = env['PATH'] ?? '';
  const opened = join(bin, 'opened');
  const script = `#!/bin/sh\nprintf %s "$1" > '${opened}'\n`;
  await mkdir(bin, { recursive: true });
  await rm(opened, { force: true });
  await writeFile(join(bin, 'xdg-open'), script, { mode: 0o755 });
  const run = runCaptured(['login', world.url], { env: { ...env, DISPLAY: ':9' }, answers: [] });
  const link = await eventually(async () => {
    const text = await readFile(opened, 'utf8');
    expect(text).toContain('code_challenge_method=S256');
    return text;
  }, startWithin);
  await page.goto(link);
  // Whoever is signed in with this browser already is not asked again.
  const title = await page.title();
  if (title.startsWith('Sign in')) await signIn(page);
  await heading(page, 'Let this program in?');
  await press(page, answer);
  // The browser goes by itself, through central, to the port where the program waits.
  await page.getByText('Go back to the terminal').waitFor();
  expect(new URL(page.url()).hostname).toBe('127.0.0.1');
  return run;
}

/** `ambit login`, approved in the browser of this machine. */
export async function loginByBrowser(
  world: PagesWorld,
  page: Page,
  options: LoginOptions,
): Promise<void> {
  const { code, out } = await answerLogin(world, page, { ...options, answer: 'Approve' });
  expect({ code, out }).toEqual({
    code: 0,
    out: expect.stringContaining(`as user/${options.person}`),
  });
}
