import type { PersonAttributes } from '@ambit/domain';
import type { ASTNode } from '@marcbachmann/cel-js';
import { Expressions, wanted } from './expressions.ts';
import type { Vocabulary } from './expression-walk.ts';
import type { Evaluated } from './expressions.ts';

/** What rules look at in a person. */
export interface RulePerson {
  readonly attributes: PersonAttributes;
  /** Names of the groups whose members do not follow from rules. */
  readonly groups: readonly string[];
}

/**
 * What a rule reads: `a:department` for an attribute, `g:eng` for whether somebody is in a group, `g` for all groups. Only
 * who differs in one of these can come to match or cease to.
 */
export type Reads = readonly string[];

/** A rule that can be evaluated. */
export interface PersonRule {
  readonly reads: Reads;
  /** It matches somebody of whom nothing is known: it has to be asked of everybody. */
  readonly matchesBlank: boolean;
  /** False also for who lacks an attribute that it reads. */
  matches(person: RulePerson): Evaluated<boolean>;
}

export const attributeRead = (name: string): string => `a:${name}`;
export const groupRead = (name: string): string => `g:${name}`;
export const anyGroupRead = 'g';

/** What a rule can read of a person who has this. */
export const readsOf = ({ attributes, groups }: RulePerson): string[] => [
  ...Object.keys(attributes).map(attributeRead),
  ...groups.map(groupRead),
  ...(groups.length > 0 ? [anyGroupRead] : []),
];

/** What expressions may look at in a person. */
export const personVocabulary: Pick<Vocabulary, 'isList' | 'listHint' | 'judge'> = {
  isList: isGroups,
  listHint:
    'after "in" comes user.groups or a list such as ["a", "b"]; for an attribute that is a list write user.attributes.skills.exists(s, s == "a")',
  judge: judged,
};

const expressions = new Expressions({
  variables: { user: 'map' },
  ...personVocabulary,
});

/** The rule of a text. Its problem names the place in the text. */
export function personRule(text: string): Evaluated<PersonRule> {
  const parsed = expressions.parse(text, 'truth');
  if (!parsed.ok) return parsed;
  const { ast, evaluate } = parsed.value;
  const matches = (user: RulePerson): Evaluated<boolean> => {
    return truthOf(evaluate({ user }));
  };
  const blank = matches({ attributes: {}, groups: [] });
  const reads = readsIn(ast);
  return { ok: true, value: { reads, matchesBlank: blank.ok && blank.value, matches } };
}

/** Whether it holds. Who lacks what it reads is not matched, and that is no fault. */
export function truthOf(done: Evaluated<unknown>): Evaluated<boolean> {
  if (!done.ok) return lacksAttribute(done.problem) ? { ok: true, value: false } : done;
  if (typeof done.value !== 'boolean') return { ok: false, problem: wanted.truth };
  return { ok: true, value: done.value };
}

const lacksAttribute = (problem: string): boolean => problem.startsWith('No such key: ');

const isUser = (node: ASTNode): boolean => node.op === 'id' && node.args === 'user';

function isGroups(node: ASTNode): boolean {
  return node.op === '.' && node.args[1] === 'groups' && isUser(node.args[0]);
}

const isAttributes = (node: ASTNode): boolean =>
  node.op === '.' && node.args[1] === 'attributes' && isUser(node.args[0]);

/** The attribute that a node reads; undefined for a node that reads none. */
function attributeIn(node: ASTNode): string | undefined {
  if (node.op === '.' && isAttributes(node.args[0])) return node.args[1];
  if (node.op !== '[]' || !isAttributes(node.args[0])) return undefined;
  const [, key] = node.args;
  return key.op === 'value' && typeof key.args === 'string' ? key.args : undefined;
}

/** An index by what rules read needs rules that say what they read. */
function judged(node: ASTNode): string | true | undefined {
  if (isGroups(node) || attributeIn(node) !== undefined) return true;
  if (isAttributes(node))
    return 'an attribute is named: user.attributes.department, or has(user.attributes.department)';
  if (node.op === '.' && isUser(node.args[0]))
    return `user has no "${node.args[1]}": a rule reads user.groups and user.attributes.NAME`;
  if (isUser(node)) return 'a rule reads user.groups and user.attributes.NAME';
  return undefined;
}

/** What an expression reads in a person. */
export function readsIn(ast: ASTNode): string[] {
  const reads = new Set<string>();
  readIn(ast, reads);
  return [...reads].sort();
}

function readIn(node: ASTNode, reads: Set<string>): void {
  const attribute = attributeIn(node);
  if (attribute !== undefined) reads.add(attributeRead(attribute));
  else if (isGroups(node)) reads.add(anyGroupRead);
  else if (groupIn(node) !== undefined) reads.add(groupRead(groupIn(node) ?? ''));
  else for (const part of partsOf(node)) readIn(part, reads);
}

/** The group that a node asks for by its name. */
function groupIn(node: ASTNode): string | undefined {
  if (node.op !== 'in' || !isGroups(node.args[1])) return undefined;
  const [group] = node.args;
  return group.op === 'value' && typeof group.args === 'string' ? group.args : undefined;
}

/** Every node below, however deep it stands among the arguments. */
export function partsOf({ args }: ASTNode): readonly ASTNode[] {
  return [args as unknown].flat(3).filter(isNode);
}

const isNode = (part: unknown): part is ASTNode =>
  typeof part === 'object' && part !== null && 'op' in part;
