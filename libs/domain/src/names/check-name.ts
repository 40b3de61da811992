import { AppError, nameLengths, namePatterns } from '@ambit/kernel';
import { foldsToSystem } from '@ambit/rbac';
import { foldName } from './fold-name.ts';

/** A kind of thing that carries a name somebody chose: those of the policy, and `Token`. */
export type NamedKind = string;

export interface NameProblem {
  /** What is wrong, as a sentence. */
  readonly message: string;
  /** A valid name that was probably meant. */
  readonly folded?: string;
}

interface NameShape {
  readonly pattern: RegExp;
  readonly longest: number;
  readonly words: string;
}

const label: NameShape = {
  pattern: new RegExp(namePatterns.dnsLabel),
  longest: nameLengths.dnsLabel,
  words: 'lower-case letters, digits and "-", and begins and ends with a letter or digit',
};

const userName: NameShape = {
  pattern: /^[a-z0-9](?:[a-z0-9._@+-]*[a-z0-9])?$/,
  longest: 253,
  words:
    'lower-case letters, digits, ".", "_", "@", "+" and "-", and begins and ends with a letter or digit',
};

const shapeOf = (kind: NamedKind): NameShape => (kind === 'User' ? userName : label);

const isValid = (name: string, { pattern, longest }: NameShape): boolean =>
  name.length <= longest && pattern.test(name);

/**
 * What is wrong with a name; undefined when it may be used. Nothing is folded silently: two texts that are shown
 * alike are either the same text or at least one of them is refused.
 */
export function checkName(kind: NamedKind, name: string): NameProblem | undefined {
  const shape = shapeOf(kind);
  if (isValid(name, shape)) return undefined;
  const shown = shownName(name);
  if (foldsToSystem(name)) {
    return {
      message: `"${shown}" is refused: names that begin with "system:" belong to Kubernetes.`,
    };
  }
  if (name === '') return { message: `A ${kind} needs a name.` };
  if (name.length > shape.longest) {
    return {
      message: `The name of a ${kind} has at most ${shape.longest} characters; this one has ${name.length}.`,
    };
  }
  const message = `"${shown}" cannot name a ${kind}: such a name consists of ${shape.words}.`;
  const folded = foldName(name);
  return isValid(folded, shape) ? { message, folded } : { message };
}

/** The name, when it may be used. Throws `invalid_name` otherwise, with the folded name as hint. */
export function requireName(kind: NamedKind, name: string): string {
  const problem = checkName(kind, name);
  if (problem === undefined) return name;
  const { message, folded } = problem;
  const hint = folded === undefined ? {} : { hint: `Did you mean "${folded}"?` };
  throw new AppError('invalid_name', message, hint);
}

/**
 * What is wrong with a prefix of Kubernetes user names; undefined when it may be used. A prefix ends with ":", so
 * that no person's name can continue into another prefix.
 */
export function checkUserPrefix(prefix: string): NameProblem | undefined {
  if (foldsToSystem(prefix)) {
    return { message: 'Prefixes that begin with "system:" belong to Kubernetes.' };
  }
  if (prefix.length <= 64 && /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?:$/.test(prefix)) return undefined;
  return {
    message: `"${shownName(prefix)}" is no prefix of user names: it consists of ${label.words}, followed by ":".`,
    folded: 'ambit:',
  };
}

/** The name with whatever cannot be seen written out, cut to a length that fits a message. */
function shownName(name: string): string {
  const characters = Array.from(name);
  const visible = characters
    .slice(0, 80)
    .map((character) =>
      /[\p{C}\p{Z}\p{M}"\\]/u.test(character) && character !== ' '
        ? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
        : character,
    );
  return visible.join('') + (characters.length > 80 ? '…' : '');
}
