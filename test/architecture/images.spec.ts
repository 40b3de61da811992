import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { house } from '../planted/house-copy.ts';

const read = (path: string): string => readFileSync(join(house, path), 'utf8');
const dockerfile = (app: string): string => read(`apps/${app}/Dockerfile`);
const apps = ['central', 'agent', 'cli'] as const;
const manifest = JSON.parse(read('package.json')) as {
  version: string;
  optionalDependencies: Readonly<Record<string, string>>;
};

describe('the Dockerfiles', () => {
  test('share their first stage to the letter, so that it is built once', () => {
    const first = apps.map((app) => dockerfile(app).split('FROM scratch')[0]);
    expect(first[0]).toContain('AS build');
    expect(first).toEqual([first[0], first[0], first[0]]);
  });

  test('build on the Node that the lock file brings, and say the version of the product', () => {
    const versions = Object.entries(manifest.optionalDependencies)
      .filter(([name]) => name.startsWith('node-linux-'))
      .map(([, version]) => version);
    for (const app of apps) {
      const [, node] = /^FROM docker\.io\/library\/node:([\d.]+)-/m.exec(dockerfile(app)) ?? [];
      expect([...new Set(versions)]).toEqual([node]);
      expect(dockerfile(app)).toContain(`image.version="${manifest.version}"`);
    }
  });

  test.each([
    ['central', 'ambit-central', '_helpers.tpl', 'deployment.yaml'],
    ['agent', 'ambit-agent', 'statefulset.yaml', 'statefulset.yaml'],
  ])(
    '%s: the chart runs it as its user, at its ports, in its folder, by its version',
    (app, chart, securityIn, podIn) => {
      const [, user, group] = /^USER (\d+):(\d+)$/m.exec(dockerfile(app)) ?? [];
      const security = read(`helm/${chart}/templates/${securityIn}`);
      const given = ['runAsUser', 'runAsGroup', 'fsGroup'].map(
        (name) => new RegExp(`${name}: (\\d+)`).exec(security)?.[1],
      );
      expect(given).toEqual([user, group, group]);
      const pod = read(`helm/${chart}/templates/${podIn}`);
      const ports = [...pod.matchAll(/containerPort: (\d+)/g)].map(([, port]) => port);
      const [, exposed = ''] = /^EXPOSE (.+)$/m.exec(dockerfile(app)) ?? [];
      expect(ports.sort()).toEqual(exposed.split(' ').sort());
      const [, folder] = /AMBIT_DATA_DIR=(\S+)/.exec(dockerfile(app)) ?? [];
      expect(security).toContain(`value: ${folder}\n`);
      expect(read(`helm/${chart}/Chart.yaml`)).toContain(`appVersion: '${manifest.version}'`);
    },
  );
});
