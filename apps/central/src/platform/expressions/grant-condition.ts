import type { LabelValues } from '@ambit/domain';
import type { ASTNode } from '@marcbachmann/cel-js';
import { Expressions } from './expressions.ts';
import type { Evaluated } from './expressions.ts';
import { partsOf, personVocabulary, readsIn, truthOf } from './person-rule.ts';
import type { Reads, RulePerson } from './person-rule.ts';

/** The condition of a grant, which can be evaluated. */
export interface GrantCondition {
  /** What it reads in a person. */
  readonly reads: Reads;
  /** Names of the labels of clusters that it reads. */
  readonly labels: readonly string[];
  /** False also for who lacks an attribute that it reads, and on a cluster that lacks a label. */
  matches(person: RulePerson, labels: LabelValues): Evaluated<boolean>;
}

const expressions = new Expressions({
  variables: { user: 'map', cluster: 'map' },
  ...personVocabulary,
  isValue: (node) => labelIn(node) !== undefined,
  judge: (node) => judged(node) ?? personVocabulary.judge?.(node),
});

/** The condition of a text. Its problem names the place in the text. */
export function grantCondition(text: string): Evaluated<GrantCondition> {
  const parsed = expressions.parse(text, 'truth');
  if (!parsed.ok) return parsed;
  const { ast, evaluate } = parsed.value;
  const labels = new Set<string>();
  readLabels(ast, labels);
  return {
    ok: true,
    value: {
      reads: readsIn(ast),
      labels: [...labels].sort(),
      matches: (user, values) => {
        const present = Object.entries(values).filter(([, value]) => value !== null);
        return truthOf(evaluate({ user, cluster: { labels: Object.fromEntries(present) } }));
      },
    },
  };
}

const isCluster = (node: ASTNode): boolean => node.op === 'id' && node.args === 'cluster';

const isLabels = (node: ASTNode): boolean =>
  node.op === '.' && node.args[1] === 'labels' && isCluster(node.args[0]);

/** The label that a node reads; undefined for a node that reads none. */
function labelIn(node: ASTNode): string | undefined {
  if (node.op === '.' && isLabels(node.args[0])) return node.args[1];
  if (node.op !== '[]' || !isLabels(node.args[0])) return undefined;
  const [, key] = node.args;
  return key.op === 'value' && typeof key.args === 'string' ? key.args : undefined;
}

/** There is one answer for all clusters of the same labels, as long as it says which labels it reads. */
function judged(node: ASTNode): string | undefined {
  if (isLabels(node))
    return 'a label is named: cluster.labels.region, cluster.labels["a.io/b"] or has(cluster.labels.region)';
  if (node.op === '.' && isCluster(node.args[0]))
    return `cluster has no "${node.args[1]}": a condition reads cluster.labels.NAME`;
  return isCluster(node) ? 'a condition reads cluster.labels.NAME' : undefined;
}

function readLabels(node: ASTNode, labels: Set<string>): void {
  const label = labelIn(node);
  if (label !== undefined) labels.add(label);
  else for (const part of partsOf(node)) readLabels(part, labels);
}
