import { generateSync } from 'otplib';
import { programPaths } from './program-paths.ts';
import { printedBy } from './run-command.ts';
import { PersonsBrowser, type ShownPage } from './persons-browser.ts';
import type { DemoStage } from './demo-stage.ts';

const password = 'correct horse battery staple';
/** How far ahead of central this person's authenticator is: central takes 30 s, and nobody waits for its next code. */
const aheadSeconds = 30;

/** Somebody with a password and an authenticator, at a browser of their own. */
export class LocalPerson {
  readonly name: string;
  readonly #browser: PersonsBrowser;
  readonly #authenticator: string;

  private constructor(name: string, browser: PersonsBrowser, authenticator: string) {
    this.name = name;
    this.#browser = browser;
    this.#authenticator = authenticator;
  }

  /** Sets up the sign-in of the first admin, with the code that is made on central's machine. */
  static async setUp(stage: DemoStage, name: string): Promise<LocalPerson> {
    const { folder, central, tls, signal } = stage;
    const place = [`--data-dir=${folder.path}`, `--public-url=${central.url}`];
    const printed = await printedBy(
      process.execPath,
      [programPaths.central, 'admin', 'create', name, ...place],
      stage,
    );
    const [, setUpCode = ''] = /^ +(\S+)$/m.exec(printed) ?? [];
    const browser = new PersonsBrowser(tls.ca, signal);
    const first = await browser.open(`${central.url}/sign-in/set-up`);
    const second = await browser.submit(first, { set_up_code: setUpCode });
    const [, authenticator = ''] = /<code>([A-Z2-7]+)<\/code>/.exec(second.text) ?? [];
    const code = generateSync({ secret: authenticator });
    const done = await browser.submit(second, { password, again: password, code });
    requireText(done, 'Your sign-in is set up');
    return new LocalPerson(name, browser, authenticator);
  }

  /** Opens the link that a program shows, signs in, looks at who asks, and approves. */
  async approve(link: string): Promise<void> {
    const epoch = Math.floor(Date.now() / 1000) + aheadSeconds;
    const code = generateSync({ secret: this.#authenticator, epoch });
    const signIn = await this.#browser.open(link);
    const asked = await this.#browser.submit(signIn, { name: this.name, password, code });
    const [, userCode = ''] = /name="user_code"[^>]* value="([^"]+)"/.exec(asked.text) ?? [];
    const shown = await this.#browser.submit(asked, { user_code: userCode });
    requireText(await this.#browser.submit(shown, { answer: 'approve' }), 'is let in');
  }
}

function requireText({ url, text }: ShownPage, what: string): void {
  if (text.includes(what)) return;
  const [, wrong = 'something else'] = /role="alert">([^<]+)/.exec(text) ?? [];
  throw new Error(`${url.pathname} says: ${wrong}`);
}
