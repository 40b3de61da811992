import { hash } from 'node:crypto';
import type { WaitingProgram } from './approvals.ts';
import type { Person } from './local-sign-in.ts';
import type { SetUpEntry } from './set-up.ts';
import { Html, markup } from './template.ts';

const style = `:root{color-scheme:light dark;font:1rem/1.5 system-ui,sans-serif}
body{margin:0;display:grid;place-items:start center;padding:2rem 1rem}
main{width:100%;max-width:26rem}
h1{font-size:1.4rem;margin:0 0 1rem}
label{display:block;margin:1rem 0 .25rem;font-weight:600}
input{box-sizing:border-box;width:100%;font:inherit;padding:.5rem;border:1px solid #767676;border-radius:.25rem}
button{font:inherit;font-weight:600;margin:1.25rem .5rem 0 0;padding:.5rem 1.25rem;border:1px solid #767676;border-radius:.25rem;cursor:pointer}
button.yes{background:#0b57d0;border-color:#0b57d0;color:#fff}
:focus-visible{outline:3px solid #e8710a;outline-offset:2px}
dt{font-weight:600}dd{margin:0 0 .5rem;overflow-wrap:anywhere}
code{overflow-wrap:anywhere}
.wrong{border-left:.25rem solid #c5221f;padding:.25rem .75rem}`;

const styleHash = `sha256-${hash('sha256', style, 'base64')}`;

/** Headers of every page: no script, no frame, the one style there is, and nothing is kept. */
export const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': `default-src 'none'; style-src '${styleHash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

/** What every form carries. */
export interface FormMark {
  /** Proves that the form was made for the browser that sends it. */
  readonly token: string;
}

/** A whole page. `goOn`: where the browser goes by itself. */
export function page(title: string, body: Html, goOn?: string): string {
  const refresh =
    goOn === undefined ? undefined : markup`<meta http-equiv="refresh" content="0;url=${goOn}" />`;
  return markup`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        ${refresh}
        <title>${title} - Ambit</title>
        <style>${new Html(style)}</style>
      </head>
      <body>
        <main>
          <h1>${title}</h1>
          ${body}
        </main>
      </body>
    </html> `.text;
}

const hidden = (name: string, value: string): Html =>
  markup`<input type="hidden" name="${name}" value="${value}" />`;

const wrongBox = (wrong: string | undefined): Html | undefined =>
  wrong === undefined ? undefined : markup`<p class="wrong" role="alert">${wrong}</p>`;

export function messagePage(title: string, text: string): string {
  return page(title, markup`<p>${text}</p>`);
}

export function signInPage({ token }: FormMark, to: string | undefined, wrong?: string): string {
  return page(
    'Sign in',
    markup`${wrongBox(wrong)}
      <form method="post" action="/sign-in">
        ${hidden('form', token)}${to === undefined ? undefined : hidden('to', to)}
        <label for="name">Name</label>
        <input
          id="name"
          name="name"
          autocomplete="username"
          autocapitalize="none"
          spellcheck="false"
          required
          autofocus
        />
        <label for="password">Password</label>
        <input
          id="password"
          name="password"
          type="password"
          autocomplete="current-password"
          required
        />
        <label for="code">Code of your authenticator</label>
        <input
          id="code"
          name="code"
          inputmode="numeric"
          autocomplete="one-time-code"
          maxlength="6"
          required
        />
        <button class="yes">Sign in</button>
      </form>`,
  );
}

export function signedInPage(mark: FormMark, { name }: Person): string {
  return page(
    'Signed in',
    markup`<p>You are signed in as <strong>${name}</strong>.</p>
      ${signOut(mark)}`,
  );
}

const signOut = ({ token }: FormMark): Html =>
  markup`<form method="post" action="/sign-in/out">
    ${hidden('form', token)}<button>Sign out</button>
  </form>`;

export function setUpCodePage({ token }: FormMark, wrong?: string): string {
  return page(
    'Set up your sign-in',
    markup`${wrongBox(wrong)}
      <form method="post" action="/sign-in/set-up">
        ${hidden('form', token)}
        <label for="set-up-code">Set-up code</label>
        <input
          id="set-up-code"
          name="set_up_code"
          autocomplete="off"
          autocapitalize="none"
          spellcheck="false"
          required
          autofocus
        />
        <button class="yes">Go on</button>
      </form>`,
  );
}

export function setUpPage(
  { token }: FormMark,
  setUpCode: string,
  { person, authenticator }: SetUpEntry,
  wrong?: string,
): string {
  return page(
    'Set up your sign-in',
    markup`${wrongBox(wrong)}
      <p>You are setting up the sign-in of <strong>${person.name}</strong>.</p>
      <p>
        Add this key to your authenticator, or <a href="${authenticator.uri}">open it there</a>:
        <code>${authenticator.text}</code>
      </p>
      <form method="post" action="/sign-in/set-up">
        ${hidden('form', token)}${hidden('set_up_code', setUpCode)}${hidden('step', 'complete')}
        <input type="hidden" name="username" autocomplete="username" value="${person.name}" />
        <label for="password">Password, of 12 characters or more</label>
        <input
          id="password"
          name="password"
          type="password"
          autocomplete="new-password"
          minlength="12"
          required
        />
        <label for="again">The same password again</label>
        <input
          id="again"
          name="again"
          type="password"
          autocomplete="new-password"
          minlength="12"
          required
        />
        <label for="code">Code that the authenticator shows now</label>
        <input
          id="code"
          name="code"
          inputmode="numeric"
          autocomplete="one-time-code"
          maxlength="6"
          required
        />
        <button class="yes">Set up</button>
      </form>`,
  );
}

export function deviceCodePage(
  mark: FormMark,
  { name }: Person,
  userCode: string,
  wrong?: string,
): string {
  return page(
    'Let a program in',
    markup`${wrongBox(wrong)}
      <p>You are signed in as <strong>${name}</strong>.</p>
      <form method="post" action="/sign-in/device">
        ${hidden('form', mark.token)}
        <label for="user-code">Code that the program shows</label>
        <input
          id="user-code"
          name="user_code"
          value="${userCode}"
          autocomplete="off"
          autocapitalize="characters"
          spellcheck="false"
          required
          autofocus
        />
        <button class="yes">Go on</button>
      </form>
      ${signOut(mark)}`,
  );
}

/** Whom a program is let in as, and what it says of itself. Nothing is approved before the button. */
export function approvePage(
  mark: FormMark,
  { name }: Person,
  { userCode, address, program }: WaitingProgram,
  action: string,
): string {
  const code =
    userCode === undefined
      ? undefined
      : markup`<dt>Code</dt>
          <dd><code>${userCode}</code></dd>`;
  return page(
    'Let this program in?',
    markup`<p>
        It will be able to do whatever <strong>${name}</strong> may do, for at most 12 hours.
        Approve it only if you started it yourself just now.
      </p>
      <dl>
        ${code}
        <dt>You</dt>
        <dd>${name}</dd>
        <dt>Program</dt>
        <dd>${program === '' ? 'does not say' : program}</dd>
        <dt>Asks from</dt>
        <dd>${address}</dd>
      </dl>
      <form method="post" action="${action}">
        ${hidden('form', mark.token)}${userCode === undefined ? undefined : hidden('user_code', userCode)}
        <button class="yes" name="answer" value="approve">Approve</button
        ><button name="answer" value="reject">Reject</button>
      </form>
      ${signOut(mark)}`,
  );
}

/** A form may lead to pages of ours alone, so what leads to a program goes by itself from a page. */
export function goOnPage(url: string): string {
  return page('Thank you', markup`<p><a href="${url}">Go on</a></p>`, url);
}
