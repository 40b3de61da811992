import type {
  KnownProvider,
  OpenProviderTest,
  ProviderTestOutcome,
} from '../identity-providers/public.ts';
import { hidden, wrongBox } from './fields.ts';
import { Html, markup } from './template.ts';
import { page, passwordForm } from './views.ts';
import type { FormMark } from './views.ts';

type Preview = Extract<ProviderTestOutcome, { preview: unknown }>['preview'];

const begin = ({ token }: FormMark, { name, title }: KnownProvider, to: string | undefined): Html =>
  markup`<form method="post" action="/sign-in/with/${name}">
    ${hidden('form', token)}${to === undefined ? undefined : hidden('to', to)}
    <div class="answers"><button class="yes">Sign in with ${title}</button></div>
  </form>`;

/** Providers first; who has a password of Ambit finds its form below. */
export function chooserPage(
  mark: FormMark,
  providers: readonly KnownProvider[],
  { to, wrong }: { readonly to?: string | undefined; readonly wrong?: string | undefined },
): string {
  const form = passwordForm(mark, { to, wrong });
  if (providers.length === 0) return page('Sign in', markup`${wrongBox(wrong)}${form}`);
  const buttons = providers.map((provider) => begin(mark, provider, to));
  const open = wrong === undefined ? '' : new Html(' open');
  return page(
    'Sign in',
    markup`${wrongBox(wrong)}${buttons}
      <details${open}>
        <summary>Sign in with a password of Ambit</summary>
        ${form}
      </details>`,
  );
}

export function providerPage(
  mark: FormMark,
  provider: KnownProvider,
  to: string | undefined,
): string {
  return page(`Sign in with ${provider.title}`, begin(mark, provider, to));
}

/** Nobody was signed in. `reference`: what the person quotes to whoever can look it up. */
export function refusedPage(title: string, text: string, reference?: string): string {
  const quoted =
    reference === undefined ? undefined : markup`<p>Reference: <code>${reference}</code></p>`;
  return page(
    title,
    markup`<p>${text}</p>
      ${quoted}
      <p><a href="/sign-in">Back to sign-in</a></p>`,
  );
}

/** Somebody is signed in, and should know these. */
export function notesPage(name: string, notes: readonly string[], to: string): string {
  return page(
    'Signed in',
    markup`<p>You are signed in as <strong>${name}</strong>.</p>
      ${list(notes)}
      <p><a href="${to}">Go on</a></p>`,
  );
}

export function testPage(
  { token }: FormMark,
  id: string,
  { provider, by }: OpenProviderTest,
): string {
  return page(
    `Test of ${provider}`,
    markup`<p>
        You sign in with ${provider}, and nothing is changed: nobody is signed in here by it. What ${provider} says of you is
        shown to you and to <strong>${by}</strong>, who began this test.
      </p>
      <form method="post" action="/sign-in/test/${id}">
        ${hidden('form', token)}<div class="answers"><button class="yes">Go on</button></div>
      </form>`,
  );
}

export function testedPage({ title }: KnownProvider, outcome: ProviderTestOutcome): string {
  if (!('preview' in outcome))
    return page(
      `Test of ${title}`,
      markup`<p class="wrong" role="alert">Nobody would be let in: ${outcome.why}</p>`,
    );
  return page(`Test of ${title}`, markup`${verdict(outcome.preview)}${facts(outcome.preview)}`);
}

const hows = {
  Link: 'linked before',
  ExternalId: 'by the id in the directory of the provider',
  Email: 'by the verified e-mail address',
  OnSignIn: 'made at the first sign-in',
} as const;

function verdict({ person, refusal }: Preview): Html {
  if (refusal !== undefined || person === undefined)
    return markup`<p class="wrong" role="alert">
      ${refusal?.message ?? 'Nobody would be let in.'} ${refusal?.extras.why} ${refusal?.extras.hint}
    </p>`;
  const { name, how } = person;
  return markup`<p>
    You would come in as <strong>${name}</strong> (${hows[how]}). Nothing was changed.
  </p>`;
}

function facts({ issuer, subject, claims, groups, joins, leaves, access, notes }: Preview): Html {
  const groupTexts = groups.map(
    ({ group, rules, refused }) =>
      `${group} (rule ${rules.join(', ')})${refused === undefined ? '' : `: not given, ${refused}`}`,
  );
  const accessTexts = access.map(
    ({ grant, role, group, team }) =>
      `${role} by grant ${grant}${group === undefined ? '' : `, through ${group}`}${team === undefined ? '' : `, in team ${team}`}`,
  );
  return markup`<dl class="facts">
      <dt>Groups</dt>
      <dd>${folded(groupTexts)}</dd>
      <dt>Would join</dt>
      <dd>${folded(joins)}</dd>
      <dt>Would leave</dt>
      <dd>${folded(leaves)}</dd>
      <dt>Access</dt>
      <dd>${folded(accessTexts)}</dd>
      <dt>Notes</dt>
      <dd>${folded(notes)}</dd>
      <dt>Issuer</dt>
      <dd><code>${issuer}</code></dd>
      <dt>Subject</dt>
      <dd><code>${subject}</code></dd>
      <dt>Claims</dt>
      <dd><pre tabindex="0" role="region" aria-label="Claims"><code>${JSON.stringify(claims, undefined, 2)}</code></pre></dd>
    </dl>`;
}

/** More is folded. */
const mostUnfolded = 8;
const mostListed = 50;

function list(texts: readonly string[]): Html {
  if (texts.length === 0) return markup`none`;
  const more = texts.length - mostListed;
  const items = texts.slice(0, mostListed).map((text) => markup`<li>${text}</li>`);
  const rest = more > 0 ? markup`<li>and ${more} more</li>` : undefined;
  return markup`<ul>
    ${items}${rest}
  </ul>`;
}

function folded(texts: readonly string[]): Html {
  if (texts.length <= mostUnfolded) return list(texts);
  return markup`<details>
    <summary>${texts.length} in all</summary>
    ${list(texts)}
  </details>`;
}
