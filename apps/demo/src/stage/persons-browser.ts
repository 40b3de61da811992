import { request } from 'node:https';
import type { IncomingMessage } from 'node:http';

/** A page as it came. */
export interface ShownPage {
  readonly url: URL;
  readonly text: string;
}

type Fields = Readonly<Record<string, string>>;

/** A browser that somebody sits at: it keeps cookies, follows redirects and sends forms, and trusts the CA it is given. */
export class PersonsBrowser {
  readonly #ca: string;
  readonly #signal: AbortSignal;
  readonly #cookies = new Map<string, string>();

  constructor(ca: string, signal: AbortSignal) {
    this.#ca = ca;
    this.#signal = signal;
  }

  open(url: string): Promise<ShownPage> {
    return this.#go(new URL(url));
  }

  /** Where a page goes by itself. Throws when it stays. */
  leadsTo({ url, text }: ShownPage): string {
    const [, onward] = /<meta http-equiv="refresh" content="0;url=([^"]+)"/.exec(text) ?? [];
    if (onward === undefined) throw new Error(`${url.pathname} leads nowhere`);
    return onward.replaceAll('&amp;', '&').replaceAll('&#39;', "'");
  }

  /** Fills in the first form of a page, beside its hidden fields, and sends it. Throws when the page has none. */
  submit({ url, text }: ShownPage, fields: Fields): Promise<ShownPage> {
    const [form = ''] = text.split('</form>');
    const [, action] = /<form method="post" action="([^"]+)"/.exec(form) ?? [];
    if (action === undefined) throw new Error(`there is no form at ${url.pathname}`);
    const hidden = form.matchAll(/<input type="hidden" name="([^"]+)"[^>]* value="([^"]*)"/g);
    const given = Object.fromEntries(
      Array.from(hidden, ([, name = '', value = '']) => [name, value]),
    );
    return this.#go(new URL(action, url), new URLSearchParams({ ...given, ...fields }));
  }

  async #go(url: URL, form?: URLSearchParams): Promise<ShownPage> {
    const { headers, text } = await this.#ask(url, form);
    for (const cookie of headers['set-cookie'] ?? []) {
      const [pair = ''] = cookie.split(';');
      this.#cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
    }
    if (headers.location === undefined) return { url, text };
    return this.#go(new URL(headers.location, url));
  }

  #ask(
    url: URL,
    form: URLSearchParams | undefined,
  ): Promise<{ headers: IncomingMessage['headers']; text: string }> {
    const cookie = Array.from(this.#cookies, ([name, value]) => `${name}=${value}`).join('; ');
    const body = form?.toString();
    const headers = {
      cookie,
      ...(body === undefined
        ? {}
        : {
            'content-type': 'application/x-www-form-urlencoded',
            'content-length': Buffer.byteLength(body),
          }),
    };
    const method = body === undefined ? 'GET' : 'POST';
    return new Promise((resolve, reject) => {
      const asked = request(url, { method, headers, ca: this.#ca, signal: this.#signal });
      asked.once('error', reject).once('response', (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('data', (part: string) => (text += part));
        answer.once('error', reject).once('end', () => resolve({ headers: answer.headers, text }));
      });
      asked.end(body);
    });
  }
}
