import { hash } from 'node:crypto';
import type { WaitingProgram } from './approvals.ts';
import type { Person } from './local-sign-in.ts';
import {
  hidden,
  nameField,
  newPasswordField,
  oneTimeCodeField,
  passwordField,
  shownCodeField,
  wrongBox,
} from './fields.ts';
import { passwordLength } from './passwords.ts';
import type { SetUpEntry } from './set-up.ts';
import { style } from './style.ts';
import { Html, markup } from './template.ts';

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
        <header>Ambit</header>
        <main>
          <h1>${title}</h1>
          ${body}
        </main>
      </body>
    </html> `.text;
}

export function messagePage(title: string, text: string): string {
  return page(title, markup`<p>${text}</p>`);
}

/** For the few who have a password of Ambit. `wrong`: what was wrong with what it was filled in with. */
export const passwordForm = (
  { token }: FormMark,
  { to, wrong }: { readonly to: string | undefined; readonly wrong: string | undefined },
): Html =>
  markup`<form method="post" action="/sign-in">
    ${hidden('form', token)}${to === undefined ? undefined : hidden('to', to)}
    ${nameField({ id: 'name', label: 'Name', first: { wrong } })}
    ${passwordField({ id: 'password', label: 'Password' })}
    ${oneTimeCodeField({ id: 'code', label: 'Code of your authenticator' })}
    <div class="answers"><button class="yes">Sign in</button></div>
  </form>`;

export function signedInPage(mark: FormMark, { name }: Person): string {
  return page(
    'Signed in',
    markup`<p>You are signed in as <strong>${name}</strong>.</p>
      ${signOut(mark)}`,
  );
}

const signOut = ({ token }: FormMark): Html =>
  markup`<form method="post" action="/sign-in/out" class="out">
    ${hidden('form', token)}<button>Sign out</button>
  </form>`;

export function setUpCodePage({ token }: FormMark, wrong?: string): string {
  return page(
    'Set up your sign-in',
    markup`${wrongBox(wrong)}
      <form method="post" action="/sign-in/set-up">
        ${hidden('form', token)}
        ${shownCodeField(
          { id: 'set-up-code', label: 'Set-up code', first: { wrong } },
          { capitals: false },
        )}
        <div class="answers"><button class="yes">Go on</button></div>
      </form>`,
  );
}

export function setUpPage(
  { token }: FormMark,
  setUpCode: string,
  { person, authenticator }: SetUpEntry,
  wrong?: string,
): string {
  const { least } = passwordLength;
  // Who comes here first has something to read above the fields.
  const first = wrong === undefined ? {} : { first: { wrong } };
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
        ${newPasswordField({ id: 'password', label: `Password, of ${least} characters or more`, ...first }, least)}
        ${newPasswordField({ id: 'again', label: 'The same password again' }, least)}
        ${oneTimeCodeField({ id: 'code', label: 'Code that the authenticator shows now' })}
        <div class="answers"><button class="yes">Set up</button></div>
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
        ${shownCodeField(
          { id: 'user-code', label: 'Code that the program shows', first: { wrong } },
          { capitals: true, value: userCode },
        )}
        <div class="answers"><button class="yes">Go on</button></div>
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
        <div class="answers">
          <button class="yes" name="answer" value="approve">Approve</button>
          <button name="answer" value="reject">Reject</button>
        </div>
      </form>
      ${signOut(mark)}`,
  );
}

/** A form may lead to pages of ours alone, so what leads to a program goes by itself from a page. */
export function goOnPage(url: string): string {
  return page('Thank you', markup`<p><a href="${url}">Go on</a></p>`, url);
}
