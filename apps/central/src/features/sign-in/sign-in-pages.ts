import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Approvals, WaitingProgram } from './approvals.ts';
import type { Attempts } from './attempts.ts';
import type { Browser, Browsers } from './browsers.ts';
import type { LocalSignIn, Person, SignInAnswer } from './local-sign-in.ts';
import type { SetUp } from './set-up.ts';
import type { SignInSecrets } from './sign-in-secrets.ts';
import * as views from './views.ts';

/** One request for a page, read and within limits. */
export interface PageCall {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query: URLSearchParams;
  readonly form: URLSearchParams;
  readonly cookies: string | undefined;
  readonly address: string;
  readonly raw: readonly [IncomingMessage, ServerResponse];
}

export interface PageReply {
  readonly status: number;
  readonly page?: string;
  /** A path of ours. */
  readonly location?: string;
  readonly cookie?: string;
  readonly retryAfterSeconds?: number;
}

interface Visit extends PageCall, views.FormMark {
  readonly browser: Browser;
}

type PersonsVisit = Visit & { readonly person: Person };
type Answer = (visit: Visit, more: string) => Promise<PageReply>;
type PersonsAnswer = (visit: PersonsVisit, more: string) => Promise<PageReply>;

export interface PageParts {
  readonly browsers: Browsers;
  readonly secrets: SignInSecrets;
  readonly attempts: Attempts;
  readonly local: LocalSignIn;
  readonly setUp: SetUp;
  readonly approvals: Approvals;
}

/** Pages that somebody may go on to after signing in: nobody else chooses where people are sent. */
const onward = /^\/sign-in\/(device(\?user_code=[A-Za-z-]{1,20})?|request\/[A-Za-z0-9_-]{1,64})$/;
const wrongUserCode = 'No program waits with this code. It may be mistyped, answered or too old.';

/** The pages of sign-in: every one works without a script. */
export class SignInPages {
  readonly #parts: PageParts;
  readonly #routes: readonly (readonly [method: string, path: RegExp, answer: Answer])[];

  constructor(parts: PageParts) {
    this.#parts = parts;
    this.#routes = [
      ['GET', /^\/sign-in$/, (visit) => this.#showSignIn(visit)],
      ['POST', /^\/sign-in$/, (visit) => this.#signIn(visit)],
      ['POST', /^\/sign-in\/out$/, (visit) => this.#signOut(visit)],
      ['GET', /^\/sign-in\/set-up$/, async (visit) => shown(views.setUpCodePage(visit))],
      ['POST', /^\/sign-in\/set-up$/, (visit) => this.#setUp(visit)],
      ['GET', /^\/sign-in\/device$/, signedIn((visit) => this.#askDevice(visit))],
      ['POST', /^\/sign-in\/device$/, signedIn((visit) => this.#showDevice(visit))],
      ['POST', /^\/sign-in\/device\/answer$/, signedIn((visit) => this.#answerDevice(visit))],
      ['GET', /^\/sign-in\/request\/([\w-]+)$/, signedIn((visit) => this.#showRequest(visit))],
      ['POST', /^\/sign-in\/request\/([\w-]+)$/, signedIn((visit) => this.#answerRequest(visit))],
    ];
  }

  /** Throws what the use cases throw: `rate_limited`, and what nobody foresaw. */
  async answer(call: PageCall): Promise<PageReply> {
    const { method, path } = call;
    const route = this.#routes.find(([of, pattern]) => of === method && pattern.test(path));
    if (route === undefined)
      return shown(views.messagePage('Not found', 'There is no such page.'), 404);
    const { browsers, secrets } = this.#parts;
    const browser = await browsers.of(call.cookies);
    const token = secrets.formToken(browser.id);
    if (method === 'POST' && !secrets.isFormToken(browser.id, call.form.get('form') ?? '')) {
      const text =
        'This form was made for another browser, or is too old. Go back, reload the page and try again.';
      return shown(views.messagePage('Please try again', text), 403);
    }
    const reply = await route[2]({ ...call, browser, token }, path);
    return { cookie: browsers.setCookie(browser), ...reply };
  }

  async #showSignIn(visit: Visit): Promise<PageReply> {
    const { person } = visit.browser;
    const to = onwardOf(visit.query);
    if (person === undefined) return shown(views.signInPage(visit, to));
    return to === undefined ? shown(views.signedInPage(visit, person)) : redirect(to);
  }

  async #signIn(visit: Visit): Promise<PageReply> {
    const { form, address, browser } = visit;
    const { browsers, local } = this.#parts;
    const to = onwardOf(form);
    const answer = await local.signIn(
      { name: field(form, 'name'), password: field(form, 'password'), code: field(form, 'code') },
      address,
    );
    if (answer.person === undefined) return refused(visit, to, answer);
    const signed = await browsers.signIn(browser, answer.person);
    return { ...redirect(to ?? '/sign-in'), cookie: browsers.setCookie(signed) };
  }

  async #signOut({ browser }: Visit): Promise<PageReply> {
    await this.#parts.browsers.signOut(browser);
    return shown(
      views.messagePage('Signed out', 'This browser is signed out. Programs you let in stay in.'),
    );
  }

  async #setUp(visit: Visit): Promise<PageReply> {
    const { form, address } = visit;
    const setUpCode = field(form, 'set_up_code');
    const { setUp } = this.#parts;
    const entry = await setUp.look(setUpCode, address);
    if (entry === undefined) {
      const wrong =
        'This code is not good: mistyped, used, older than a day, or tried too often from here. Wait a minute before the next try.';
      return shown(views.setUpCodePage(visit, wrong), 403);
    }
    if (form.get('step') !== 'complete') return shown(views.setUpPage(visit, setUpCode, entry));
    const given = {
      setUpCode,
      password: field(form, 'password'),
      again: field(form, 'again'),
      code: field(form, 'code'),
    };
    const answer = await setUp.complete(entry, given, address);
    return answer.done
      ? shown(
          views.messagePage(
            'Done',
            'Your sign-in is set up. Sign in with it once the authenticator shows the next code.',
          ),
        )
      : shown(views.setUpPage(visit, setUpCode, entry, answer.wrong), 422);
  }

  async #askDevice(visit: PersonsVisit): Promise<PageReply> {
    const userCode = (visit.query.get('user_code') ?? '').slice(0, 20);
    return shown(views.deviceCodePage(visit, visit.person, userCode));
  }

  async #showDevice(visit: PersonsVisit): Promise<PageReply> {
    const waiting = await this.#waitingDevice(visit);
    return 'status' in waiting
      ? waiting
      : shown(views.approvePage(visit, visit.person, waiting, '/sign-in/device/answer'));
  }

  async #answerDevice(visit: PersonsVisit): Promise<PageReply> {
    const waiting = await this.#waitingDevice(visit);
    if ('status' in waiting) return waiting;
    const decision = decisionOf(visit);
    if (!(await this.#parts.approvals.answerDevice(waiting.userCode ?? '', decision)))
      return shown(views.deviceCodePage(visit, visit.person, '', wrongUserCode), 403);
    return shown(
      decision.approved
        ? views.messagePage(
            'Approved',
            `The program is let in as ${visit.person.name}. You can close this page.`,
          )
        : views.messagePage('Rejected', 'The program is not let in. You can close this page.'),
    );
  }

  /** Guesses at codes are counted, by the person who guesses. */
  async #waitingDevice(visit: PersonsVisit): Promise<WaitingProgram | PageReply> {
    const { form, person, address } = visit;
    const { attempts, approvals } = this.#parts;
    const attempt = { what: `device ${person.uid}`, address };
    const waitSeconds = await attempts.take(attempt);
    if (waitSeconds !== undefined) return tooMany(waitSeconds);
    const userCode = field(form, 'user_code').slice(0, 20);
    const waiting = await approvals.device(userCode);
    if (waiting === undefined)
      return shown(views.deviceCodePage(visit, person, userCode, wrongUserCode), 403);
    await attempts.right(attempt);
    return waiting;
  }

  async #showRequest(visit: PersonsVisit): Promise<PageReply> {
    const waiting = await this.#parts.approvals.request(...visit.raw);
    return waiting === undefined
      ? shown(nobodyWaits, 403)
      : shown(views.approvePage(visit, visit.person, waiting, visit.path));
  }

  async #answerRequest(visit: PersonsVisit): Promise<PageReply> {
    const url = await this.#parts.approvals.answerRequest(visit.raw, decisionOf(visit));
    return url === undefined ? shown(nobodyWaits, 403) : shown(views.goOnPage(url));
  }
}

const nobodyWaits = views.messagePage(
  'Nobody waits',
  'The program that sent you here does not wait any more. Start its sign-in again.',
);

const shown = (page: string, status = 200): PageReply => ({ status, page });
const redirect = (location: string): PageReply => ({ status: 303, location });
const field = (form: URLSearchParams, name: string): string => form.get(name) ?? '';

function onwardOf(given: URLSearchParams): string | undefined {
  const to = given.get('to') ?? '';
  return onward.test(to) ? to : undefined;
}

/** Sends whoever is not signed in to the form first, and back afterwards. */
function signedIn(answer: PersonsAnswer): Answer {
  return async (visit, more) => {
    const { person } = visit.browser;
    if (person !== undefined) return answer({ ...visit, person }, more);
    const userCode = visit.query.get('user_code');
    const here = userCode === null ? visit.path : `${visit.path}?user_code=${userCode}`;
    const to = onward.test(here) ? `?${String(new URLSearchParams({ to: here }))}` : '';
    return redirect(`/sign-in${to}`);
  };
}

const decisionOf = ({
  person,
  address,
  form,
}: PersonsVisit): { person: Person; address: string; approved: boolean } => ({
  person,
  address,
  approved: form.get('answer') === 'approve',
});

function refused(
  visit: Visit,
  to: string | undefined,
  { waitSeconds }: Extract<SignInAnswer, { person: undefined }>,
): PageReply {
  if (waitSeconds === undefined)
    return shown(views.signInPage(visit, to, 'Name, password or code is not right.'), 403);
  const wrong = `Too many tries. Wait ${waitSeconds} s; nothing was looked at this time.`;
  const page = views.signInPage(visit, to, wrong);
  return { status: 429, page, retryAfterSeconds: waitSeconds };
}

function tooMany(waitSeconds: number): PageReply {
  const text = `Too many tries. Wait ${waitSeconds} s and go on then.`;
  const page = views.messagePage('Please wait', text);
  return { status: 429, page, retryAfterSeconds: waitSeconds };
}
