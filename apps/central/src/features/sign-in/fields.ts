import { markup } from './template.ts';
import type { Html } from './template.ts';

/** What all fields of a form have in common. Every field must be filled in. */
interface FieldLabel {
  readonly id: string;
  readonly label: string;
  /** The field where one begins, which has the focus. Its own words say what is wrong, for whoever does not see the page. */
  readonly first?: { readonly wrong: string | undefined };
}

const name = (id: string): string => id.replaceAll('-', '_');

const beginning = ({ first }: FieldLabel): Html | undefined => {
  if (first === undefined) return undefined;
  return first.wrong === undefined
    ? markup` autofocus`
    : markup` autofocus aria-describedby="wrong"`;
};

function field(of: FieldLabel, kind: Html): Html {
  const { id, label } = of;
  return markup`<label for="${id}">${label}</label>
    <input id="${id}" name="${name(id)}" ${kind} required${beginning(of)} />`;
}

/** Goes along with a form, unseen. */
export const hidden = (of: string, value: string): Html =>
  markup`<input type="hidden" name="${of}" value="${value}" />`;

/** Somebody's name. */
export const nameField = (of: FieldLabel): Html =>
  field(of, markup`autocomplete="username" autocapitalize="none" spellcheck="false"`);

/** The password that somebody has. */
export const passwordField = (of: FieldLabel): Html =>
  field(of, markup`type="password" autocomplete="current-password"`);

/** A password that somebody makes up. */
export const newPasswordField = (of: FieldLabel, least: number): Html =>
  field(of, markup`type="password" autocomplete="new-password" minlength="${least}"`);

/** What an authenticator shows now. */
export const oneTimeCodeField = (of: FieldLabel): Html =>
  field(of, markup`class="code" inputmode="numeric" autocomplete="one-time-code" maxlength="6"`);

/** A code that was shown elsewhere, to be copied. */
export const shownCodeField = (
  of: FieldLabel,
  { capitals, value = '' }: { readonly capitals: boolean; readonly value?: string },
): Html =>
  field(
    of,
    markup`class="code" value="${value}" autocomplete="off" autocapitalize="${capitals ? 'characters' : 'none'}" spellcheck="false"`,
  );

/** What went wrong, read aloud as the page opens. */
export const wrongBox = (wrong: string | undefined): Html | undefined =>
  wrong === undefined ? undefined : markup`<p class="wrong" id="wrong" role="alert">${wrong}</p>`;
