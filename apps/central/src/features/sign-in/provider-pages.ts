import type {
  KnownProvider,
  ProviderSignIn,
  UpstreamAnswer,
} from '../identity-providers/public.ts';
import type { Browsers } from './browsers.ts';
import { onwardOf, redirect, shown } from './page-call.ts';
import type { PageCall, PageReply, PageRoute, Visit } from './page-call.ts';
import {
  chooserPage,
  notesPage,
  providerPage,
  refusedPage,
  testedPage,
  testPage,
} from './provider-views.ts';
import type { RequestBudget } from './request-budget.ts';
import { goOnPage, messagePage } from './views.ts';

export interface ProviderPageParts {
  readonly signIn: ProviderSignIn;
  readonly browsers: Browsers;
  /** Each beginning leaves a record for ten minutes. */
  readonly mayBegin: RequestBudget;
}

/** Whether there is such a provider is looked up. */
const name = '([a-z0-9-]{1,63})';
const withPath = new RegExp(`^/sign-in/with/${name}$`);
const callbackPath = new RegExp(`^/sign-in/callback/${name}$`);
const logoutPath = new RegExp(`^/sign-in/backchannel/${name}$`);
const testPath = /^\/sign-in\/test\/([A-Za-z0-9_-]{43})$/;

/** The pages of sign-in at the company's providers. */
export class ProviderPages {
  readonly routes: readonly PageRoute[];
  readonly #parts: ProviderPageParts;

  constructor(parts: ProviderPageParts) {
    this.#parts = parts;
    this.routes = [
      ['GET', withPath, (visit, path) => this.#ask(visit, firstOf(withPath, path))],
      ['POST', withPath, (visit, path) => this.#begin(visit, firstOf(withPath, path))],
      ['GET', callbackPath, (visit, path) => this.#finish(visit, firstOf(callbackPath, path))],
      ['GET', testPath, (visit, path) => this.#askTest(visit, firstOf(testPath, path))],
      ['POST', testPath, (visit, path) => this.#beginTest(visit, firstOf(testPath, path))],
    ];
  }

  /** What a provider tells by itself: no browser and no form of ours is behind it. Undefined for every other call. */
  async toldByProvider({ method, path, form }: PageCall): Promise<PageReply | undefined> {
    const provider = logoutPath.exec(path)?.[1];
    if (provider === undefined || method !== 'POST') return undefined;
    const done = await this.#parts.signIn.signOut(provider, form.get('logout_token') ?? '');
    return { status: done ? 200 : 400 };
  }

  /** The page where people say how they sign in. */
  async chooser(visit: Visit, to: string | undefined, wrong?: string): Promise<string> {
    return chooserPage(visit, await this.#parts.signIn.providers(), { to, wrong });
  }

  /** A link leads here, and a person goes on: nothing begins because somebody was sent somewhere. */
  async #ask(visit: Visit, provider: string): Promise<PageReply> {
    const found = await this.#parts.signIn.find(provider);
    return found === undefined
      ? noProvider
      : shown(providerPage(visit, found, onwardOf(visit.query)));
  }

  async #begin(visit: Visit, provider: string): Promise<PageReply> {
    if (!(await this.#parts.mayBegin(visit.address))) return tooMany;
    const to = onwardOf(visit.form);
    const purpose = { kind: 'sign-in', ...(to === undefined ? {} : { to }) } as const;
    const answer = await this.#parts.signIn.begin(upstream(visit, provider), purpose);
    return this.#reply(visit, answer);
  }

  async #finish(visit: Visit, provider: string): Promise<PageReply> {
    const answer = await this.#parts.signIn.finish(upstream(visit, provider), visit.query);
    return this.#reply(visit, answer);
  }

  async #askTest(visit: Visit, id: string): Promise<PageReply> {
    const test = await this.#parts.signIn.tests.open(id);
    return test === undefined || test.done ? noTest : shown(testPage(visit, id, test));
  }

  async #beginTest(visit: Visit, id: string): Promise<PageReply> {
    const { signIn, mayBegin } = this.#parts;
    if (!(await mayBegin(visit.address))) return tooMany;
    const test = await signIn.tests.open(id);
    if (test === undefined || test.done) return noTest;
    const purpose = { kind: 'test', id } as const;
    return this.#reply(visit, await signIn.begin(upstream(visit, test.provider), purpose));
  }

  async #reply(visit: Visit, answer: UpstreamAnswer): Promise<PageReply> {
    switch (answer.kind) {
      case 'go':
        return shown(goOnPage(answer.url));
      case 'in':
        return this.#letIn(visit, answer);
      case 'tested':
        return shown(testedPage(answer.provider, answer.outcome));
      default:
        return refusalReply(answer);
    }
  }

  /** Under a new id of the browser, as after every sign-in. */
  async #letIn(
    { browser }: Visit,
    { admitted, provider, session, to = '/sign-in' }: Extract<UpstreamAnswer, { kind: 'in' }>,
  ): Promise<PageReply> {
    const { browsers } = this.#parts;
    const { person, identity, notes } = admitted;
    const signed = await browsers.signIn(browser, {
      ...person,
      by: { provider: provider.name, identity, ...(session === undefined ? {} : { session }) },
    });
    const cookie = browsers.setCookie(signed);
    return notes.length === 0
      ? { ...redirect(to), cookie }
      : { ...shown(notesPage(person.name, notes, to)), cookie };
  }
}

type Refusal = Exclude<UpstreamAnswer, { kind: 'go' | 'in' | 'tested' }>;

function refusalReply(answer: Refusal): PageReply {
  switch (answer.kind) {
    case 'no provider':
      return noProvider;
    case 'stale':
      return shown(refusedPage('Please begin again', staleText), 403);
    case 'not signed in':
      return shown(refusedPage('Not signed in', notSignedInText(answer.provider)), 403);
    case 'not let in': {
      const { message, extras } = answer.refusal;
      const text = [message, extras.why, extras.hint].filter((part) => part !== undefined);
      return shown(refusedPage('You are not let in', text.join(' ')), 403);
    }
    case 'failed': {
      const { provider, reason, reference } = answer;
      if (reason === 'unreachable')
        return shown(refusedPage(`${provider.title} does not answer`, downText, reference), 503);
      return shown(refusedPage('That did not work', failureText(reason, provider), reference), 502);
    }
  }
}

function failureText(
  reason: Extract<Refusal, { kind: 'failed' }>['reason'],
  provider: KnownProvider,
): string {
  if (reason === 'secret') return unreadyText(provider);
  return reason === 'untrusted' ? untrustedText(provider) : failedText(provider);
}

const upstream = (
  { browser, address }: Visit,
  provider: string,
): { readonly name: string; readonly browser: string; readonly address: string } => ({
  name: provider,
  browser: browser.id,
  address,
});

/** What stands in the brackets of a path that fits. */
const firstOf = (pattern: RegExp, path: string): string => pattern.exec(path)?.[1] ?? '';

const noProvider = shown(
  messagePage(
    'Not found',
    'Nobody signs in with a provider of this name. It may have been removed.',
  ),
  404,
);
const noTest = shown(
  messagePage(
    'This test is over',
    'Its link was used, or is older than ten minutes. Start it again.',
  ),
  404,
);
const tooMany: PageReply = {
  status: 429,
  page: messagePage('Please wait', 'Too many sign-ins begin in your network. Go on in a minute.'),
  retryAfterSeconds: 60,
};
const staleText =
  'This answer of your provider was used already, is older than ten minutes, or was meant for another browser. Nobody is signed in by it.';
const downText =
  'Other ways to sign in still work, and whoever is signed in stays so. Try again in a minute. If it goes on, tell whoever runs Ambit.';
const notSignedInText = ({ title }: KnownProvider): string =>
  `${title} did not sign you in, or you may not use Ambit there. Ask whoever runs ${title} for you.`;
const unreadyText = ({ title }: KnownProvider): string =>
  `Ambit is not ready to sign anybody in with ${title}: something is missing on our side. Tell whoever runs Ambit; the audit trail says what.`;
const untrustedText = ({ title }: KnownProvider): string =>
  `The certificate of ${title} is not trusted here. Tell whoever runs Ambit: caData of this IdentityProvider has to be the CA that signed it; the audit trail says more.`;
const failedText = ({ title }: KnownProvider): string =>
  `Ambit could not make sure who you are: what ${title} answered is not as it should be. Nobody is signed in by it. Tell whoever runs Ambit; the audit trail and "ambit idp test" say more.`;
