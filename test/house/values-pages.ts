import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isMap, isNode, isScalar, parseDocument, type YAMLMap } from 'yaml';

const charts = {
  'ambit-central': 'Central, where people say who may do what',
  'ambit-agent': 'The agent of one cluster, which makes it so',
};

interface Schema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
}

interface Row {
  readonly path: string;
  /** Of a value, not of a group of them. */
  readonly value?: { readonly preset: string; readonly takes: string };
  readonly says: string;
}

/** The README of every chart by path: its values as its files say them, with their comments and what the schema takes. */
export function valuesPages(root: string): [string, string][] {
  return Object.entries(charts).map(([chart, says]) => {
    const read = (name: string): string => readFileSync(join(root, 'helm', chart, name), 'utf8');
    const document = parseDocument(read('values.yaml'));
    if (!isMap(document.contents)) throw new Error(`the values of ${chart} are no map`);
    const schema = JSON.parse(read('values.schema.json')) as Schema;
    const rows = rowsOf(document.contents, schema, '', document.commentBefore ?? '');
    return [`helm/${chart}/README.md`, page(chart, says, rows)];
  });
}

function page(chart: string, says: string, rows: readonly Row[]): string {
  const lines = rows.map(({ path, value, says: meaning }) => {
    const cells = [`\`${path}\``, value?.preset ?? '', value?.takes ?? '', meaning];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  return `# ${chart}

${says}. How to install it: [Install with Helm](../../docs/how-to/helm.md). What is misspelt, or of another type than the schema says,
is refused.

| value | default | takes | meaning |
| --- | --- | --- | --- |
${lines.join('\n')}
`;
}

/** `first`: the comment above the first key, which YAML counts to what is around it. */
function rowsOf(map: YAMLMap, schema: Schema, above: string, first: string): Row[] {
  return map.items.flatMap(({ key, value }, nth) => {
    if (!isScalar(key)) throw new Error('every key of the values is a text');
    const name = String(key.value);
    const says = oneLine(`${nth === 0 ? first : ''} ${key.commentBefore ?? ''}`);
    const own = schema.properties?.[name] ?? {};
    return rowsOfOne({ path: `${above}${name}`, says }, value, own);
  });
}

/** A group of values that the schema knows, or one value. */
function rowsOfOne(row: Row, value: unknown, schema: Schema): Row[] {
  if (isMap(value) && schema.properties !== undefined && value.items.length > 0) {
    const rows = rowsOf(value as YAMLMap, schema, `${row.path}.`, value.commentBefore ?? '');
    return row.says === '' ? rows : [row, ...rows];
  }
  const preset = JSON.stringify(isNode(value) ? value.toJSON() : null);
  return [{ ...row, value: { preset: `\`${preset}\``, takes: takesOf(schema) } }];
}

const oneLine = (comment: string): string => comment.replaceAll(/\s+/g, ' ').trim();

function takesOf({ type = 'anything', enum: among, minimum, maximum }: Schema): string {
  if (among !== undefined) return among.map((each) => `\`${each}\``).join(', ');
  const bounds = [
    ...(minimum === undefined ? [] : [`from ${minimum}`]),
    ...(maximum === undefined ? [] : [`to ${maximum}`]),
  ];
  return [type, ...bounds].join(' ');
}
