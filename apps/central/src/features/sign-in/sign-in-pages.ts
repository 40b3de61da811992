import type { Approvals, WaitingProgram } from './approvals.ts';
import type { Attempts } from './attempts.ts';
import type { Browsers } from './browsers.ts';
import type { LocalSignIn, Person, SignInAnswer } from './local-sign-in.ts';
import { isOnward, onwardOf, redirect, shown } from './page-call.ts';
import type {
  PageAnswer,
  PageCall,
  PageReply,
  PageRoute,
  PersonsVisit,
  Visit,
} from './page-call.ts';
import type { ProviderPages } from './provider-pages.ts';
import type { SetUp } from './set-up.ts';
import type { SignInSecrets } from './sign-in-secrets.ts';
import * as views from './views.ts';

type PersonsAnswer = (visit: PersonsVisit, more: string) => Promise<PageReply>;

export interface PageParts {
  readonly browsers: Browsers;
  readonly secrets: SignInSecrets;
  readonly attempts: Attempts;
  readonly local: LocalSignIn;
  readonly setUp: SetUp;
  readonly approvals: Approvals;
  readonly providers: ProviderPages;
}

const wrongUserCode = 'No program waits with this code. It may be mistyped, answered or too old.';

/** The pages of sign-in: every one works without a script. */
export class SignInPages {
  readonly #parts: PageParts;
  readonly #routes: readonly PageRoute[];

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
      ...parts.providers.routes,
    ];
  }

  /** Throws what the use cases throw: `rate_limited`, and what nobody foresaw. */
  async answer(call: PageCall): Promise<PageReply> {
    const { method, path } = call;
    const told = await this.#parts.providers.toldByProvider(call);
    if (told !== undefined) return told;
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
    if (person === undefined) return shown(await this.#parts.providers.chooser(visit, to));
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
    if (answer.person === undefined) return this.#refused(visit, to, answer);
    const signed = await browsers.signIn(browser, answer.person);
    return { ...redirect(to ?? '/sign-in'), cookie: browsers.setCookie(signed) };
  }

  async #refused(
    visit: Visit,
    to: string | undefined,
    { waitSeconds }: Extract<SignInAnswer, { person: undefined }>,
  ): Promise<PageReply> {
    const { providers } = this.#parts;
    if (waitSeconds === undefined)
      return shown(await providers.chooser(visit, to, 'Name, password or code is not right.'), 403);
    const wrong = `Too many tries. Wait ${waitSeconds} s; nothing was looked at this time.`;
    const page = await providers.chooser(visit, to, wrong);
    return { status: 429, page, retryAfterSeconds: waitSeconds };
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

const field = (form: URLSearchParams, name: string): string => form.get(name) ?? '';

/** Sends whoever is not signed in to the form first, and back afterwards. */
function signedIn(answer: PersonsAnswer): PageAnswer {
  return async (visit, more) => {
    const { person } = visit.browser;
    if (person !== undefined) return answer({ ...visit, person }, more);
    const userCode = visit.query.get('user_code');
    const here = userCode === null ? visit.path : `${visit.path}?user_code=${userCode}`;
    const to = isOnward(here) ? `?${String(new URLSearchParams({ to: here }))}` : '';
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

function tooMany(waitSeconds: number): PageReply {
  const text = `Too many tries. Wait ${waitSeconds} s and go on then.`;
  const page = views.messagePage('Please wait', text);
  return { status: 429, page, retryAfterSeconds: waitSeconds };
}
