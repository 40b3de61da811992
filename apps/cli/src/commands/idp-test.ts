import { setTimeout as sleep } from 'node:timers/promises';
import type { AmbitClient } from '@ambit/client';
import type { ProviderTest } from '@ambit/contracts';
import { AppError, instantMillis } from '@ambit/kernel';
import type { CommandContext } from '../command-context.ts';
import { exitCodes, type ExitCode } from '../exit-codes.ts';
import { outputFormat, printValue } from '../output/print-rows.ts';
import { previewText } from '../output/sign-in-preview.ts';
import { hasBrowser, openBrowser } from '../sign-in/open-browser.ts';
import { showWaiting } from '../sign-in/show-waiting.ts';

const askEveryMs = 1_000;

/** `ambit idp test`. */
export async function testProvider(
  context: CommandContext,
  [name = '']: readonly string[],
  options: { readonly output?: string },
): Promise<ExitCode> {
  const format = outputFormat(options.output);
  const { terminal, env, interactive, signal } = context;
  const client = await context.client();
  const begun = await client.api.startProviderTest({ params: { name }, signal });
  const url = begun.url ?? '';
  terminal.err.line(`Open this in a browser and sign in; nothing is changed by it: ${url}`);
  if (interactive && hasBrowser(env)) openBrowser(url, env);
  const ended = await ending(context, client, begun);
  if (await printValue(context, ended, format)) return codeOf(ended);
  if (ended.preview === undefined) {
    throw new AppError('identity_refused', `${name} let nobody in`, {
      ...(ended.why === undefined ? {} : { why: ended.why }),
      nextCommand: `ambit describe identityprovider ${name}`,
    });
  }
  terminal.out.write(previewText(ended.preview));
  return codeOf(ended);
}

/** Throws `timed_out` when nobody signed in. */
async function ending(
  { terminal, signal, now }: CommandContext,
  client: AmbitClient,
  { id, provider, expiresAt }: ProviderTest,
): Promise<ProviderTest> {
  const params = { name: provider, id };
  const endsAt = instantMillis(expiresAt);
  const done = showWaiting(terminal.err, endsAt - now());
  try {
    while (now() < endsAt) {
      await sleep(askEveryMs, undefined, { signal });
      const test = await client.api.getProviderTest({ params, signal });
      if (test.state !== 'Waiting') return test;
    }
  } finally {
    done();
  }
  throw new AppError('timed_out', 'nobody signed in within the time there is', {
    nextCommand: `ambit idp test ${provider}`,
  });
}

/** For scripts: whether the person would come in. */
const codeOf = ({ preview }: ProviderTest): ExitCode =>
  preview?.person === undefined || preview.refusal !== undefined
    ? exitCodes.forbidden
    : exitCodes.done;
