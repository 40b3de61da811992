import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import ts from 'typescript';
import { agentEventTypes, auditEventTypes, centralEventTypes } from '@ambit/domain';
import { house } from '../planted/house-copy.ts';

/** Where events of each side are made. */
const homes = {
  central: ['apps/central/src/**/*.ts', 'libs/persistence/src/**/*.ts'],
  agent: ['apps/agent/src/**/*.ts'],
};
const shipped = (globs: readonly string[]): string[] =>
  globs
    .flatMap((glob) => globSync(glob, { cwd: house }))
    .filter((path) => !/\.(spec|int-spec|test-support)\.ts$/.test(path));

/** Functions that make an event whose type is their first argument. */
const makers = /(^|\.)(record|objectEvent)$/;

/** Texts that code makes events of: never a comment, a comparison, a type, or a list of names. */
function emitted(path: string): string[] {
  const source = ts.createSourceFile(
    path,
    readFileSync(join(house, path), 'utf8'),
    ts.ScriptTarget.Latest,
    true,
  );
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteral(node) && makesEvent(node)) found.push(node.text);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** Climbs over choices (`a ? 'x' : 'y'`) to the place where the text is used. */
function makesEvent(literal: ts.StringLiteral): boolean {
  let node: ts.Node = literal;
  while (isChoice(node.parent, node)) node = node.parent;
  const { parent } = node;
  if (ts.isCallExpression(parent)) {
    return parent.arguments[0] === node && makers.test(parent.expression.getText());
  }
  if (ts.isPropertyAssignment(parent)) return isEntry(parent, node);
  return ts.isVariableDeclaration(parent) && parent.name.getText() === 'type';
}

const isChoice = (parent: ts.Node, node: ts.Node): boolean =>
  ts.isParenthesizedExpression(parent) ||
  (ts.isConditionalExpression(parent) && parent.condition !== node);

/** The `type` of an event, or an entry of a table by which the types of events are chosen. */
const isEntry = (parent: ts.PropertyAssignment, node: ts.Node): boolean =>
  parent.initializer === node &&
  (parent.name.getText() === 'type' || /^\w+Types = /.test(parent.parent.parent.parent.getText()));

describe('audit event types', () => {
  test('each is either of central or of agents', () => {
    const known = new Set<string>(centralEventTypes);
    expect(agentEventTypes.filter((type) => known.has(type))).toEqual([]);
    expect(new Set(auditEventTypes).size).toBe(auditEventTypes.length);
  });

  test.each([
    ['central', centralEventTypes],
    ['agent', agentEventTypes],
  ] as const)('each one of %s is made somewhere in its code', (side, types) => {
    const made = new Set(shipped(homes[side]).flatMap(emitted));
    expect(types.filter((type) => !made.has(type))).toEqual([]);
  });

  test('neither side makes one of the other', () => {
    const ofAgents = new Set<string>(agentEventTypes);
    const ofCentral = new Set<string>(centralEventTypes);
    const strange = [
      ...shipped(homes.central).flatMap((path) =>
        emitted(path).filter((type) => ofAgents.has(type)),
      ),
      ...shipped(homes.agent).flatMap((path) =>
        emitted(path).filter((type) => ofCentral.has(type)),
      ),
    ];
    expect(strange).toEqual([]);
  });
});
