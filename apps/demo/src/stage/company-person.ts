import { logInByForm } from '@ambit/dev-provider';
import type { CompanyProvider } from './company-provider.ts';
import { PersonsBrowser, type ShownPage } from './persons-browser.ts';

/** Somebody with an account at the company's provider, at a browser of their own. */
export class CompanyPerson {
  readonly #provider: CompanyProvider;
  readonly #account: string;
  readonly #browser: PersonsBrowser;

  constructor(
    provider: CompanyProvider,
    account: string,
    { ca, signal }: { readonly ca: string; readonly signal: AbortSignal },
  ) {
    this.#provider = provider;
    this.#account = account;
    this.#browser = new PersonsBrowser(ca, signal);
  }

  /** Opens the link that a program shows, signs in at the provider, looks at who asks and as whom, and approves. */
  async approve(link: string, name: string): Promise<void> {
    const asked = await this.#signIn(await this.#browser.open(link));
    requireText(asked, `signed in as <strong>${name}</strong>`);
    const [, userCode = ''] = /name="user_code"[^>]* value="([^"]+)"/.exec(asked.text) ?? [];
    const shown = await this.#browser.submit(asked, { user_code: userCode });
    requireText(await this.#browser.submit(shown, { answer: 'approve' }), 'is let in');
  }

  /** From the button of the provider, which comes first, to the page that was asked for. */
  async #signIn(chooser: ShownPage): Promise<ShownPage> {
    requireText(chooser, `Sign in with ${this.#provider.title}`);
    const away = this.#browser.leadsTo(await this.#browser.submit(chooser, {}));
    const back = await logInByForm(away, this.#account);
    return this.#browser.open(back.href);
  }
}

function requireText({ url, text }: ShownPage, what: string): void {
  if (text.includes(what)) return;
  const [, wrong] = /role="alert">([^<]+)/.exec(text) ?? [];
  const [, title = 'something else'] = /<h1>([^<]+)/.exec(text) ?? [];
  throw new Error(`${url.pathname} says: ${wrong ?? title}`);
}
