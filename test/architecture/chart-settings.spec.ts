import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { agentSettings } from '../../apps/agent/src/config.ts';
import { centralSettings } from '../../apps/central/src/config.ts';
import { house } from '../planted/house-copy.ts';

const read = (path: string): string => readFileSync(join(house, path), 'utf8');

/** Settings that no chart gives, and why: whatever else is declared has to be settable by a value. */
const charts = [
  {
    chart: 'ambit-agent',
    names: agentSettings.names,
    without: {
      kubeconfig: 'a pod is the ServiceAccount of its own cluster',
      context: 'there is no kubeconfig',
      account: 'for print-policy and print-rbac, which run elsewhere',
      webhookAddress: 'for print-webhook-config alone',
      webhookCa: 'for print-webhook-config alone',
    },
  },
  {
    chart: 'ambit-central',
    names: centralSettings.names,
    without: {
      epochKeyFile: 'serving never needs it, and it stays where the keys were made',
      printToken: 'the log of a pod is kept where many read it',
    },
  },
] as const;

describe.each(charts)('$chart', ({ chart, names, without }) => {
  const templates = globSync(`helm/${chart}/templates/**/*.{yaml,tpl,txt}`, { cwd: house }).map(
    read,
  );
  const given = new Set(templates.flatMap((text) => text.match(/\bAMBIT_[A-Z_]+/g) ?? []));

  test('gives every setting that the program declares, but those with a reason', () => {
    const missing = names
      .filter(({ env = '', envFile = '' }) => !given.has(env) && !given.has(envFile))
      .map(({ key }) => key);
    expect(missing.sort()).toEqual(Object.keys(without).sort());
  });

  test('gives no setting that the program does not declare', () => {
    const known = names.flatMap(({ env, envFile }) => [env, envFile]);
    expect([...given].filter((name) => !known.includes(name))).toEqual([]);
  });

  test('has no value that nothing comes of, and a schema for each', () => {
    const values = parse(read(`helm/${chart}/values.yaml`)) as Record<string, unknown>;
    const unused = Object.keys(values).filter(
      (key) => !templates.some((text) => text.includes(`.Values.${key}`)),
    );
    expect(unused).toEqual([]);
    const schema = JSON.parse(read(`helm/${chart}/values.schema.json`)) as Schema;
    expect(pathsOfSchema(schema).filter((path) => path !== 'global')).toEqual(pathsOf(values));
    expect(openObjects(schema, '')).toEqual([]);
  });
});

interface Schema {
  readonly additionalProperties?: unknown;
  readonly properties?: Readonly<Record<string, Schema>>;
}

const isMap = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What has no properties in the schema is a map of somebody else's form, such as an affinity. */
function pathsOfSchema({ properties = {} }: Schema, above = ''): string[] {
  return Object.entries(properties)
    .flatMap(([key, each]) =>
      each.properties === undefined || key === 'resources'
        ? [`${above}${key}`]
        : pathsOfSchema(each, `${above}${key}.`),
    )
    .sort();
}

function pathsOf(values: Record<string, unknown>, above = ''): string[] {
  return Object.entries(values)
    .flatMap(([key, each]) =>
      isMap(each) && Object.keys(each).length > 0 && key !== 'resources'
        ? pathsOf(each, `${above}${key}.`)
        : [`${above}${key}`],
    )
    .sort();
}

function openObjects(schema: Schema, at: string): string[] {
  if (schema.properties === undefined) return [];
  const here = schema.additionalProperties === false ? [] : [at];
  return [
    ...here,
    ...Object.entries(schema.properties).flatMap(([key, each]) =>
      openObjects(each, `${at}.${key}`),
    ),
  ];
}
