import { lstat, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { devClusterSettings, kubernetesAtHand, ProcessFolder } from '@ambit/dev-cluster';
import { kubeResources } from '@ambit/kube';
import type { Namespace } from '@ambit/kube';
import { eventually } from '@ambit/testing';
import { buildImages, localEngine, localImages } from '../house/images/build-images.ts';
import type { BuiltImage, ImageApp } from '../house/images/build-images.ts';
import { untilMay } from '../support/access-review.ts';
import { imagesAtHand } from '../support/images-at-hand.ts';
import { aliceLists, aliceViews, clusterProd } from './alice-views.ts';
import { ContainerHost } from './container-host.ts';
import type { Container } from './container-host.ts';
import { powersOf } from './container-powers.ts';
import { InstalledCharts } from './installed-charts.ts';
import { closureOf } from './lock-closure.ts';
import { podOf } from './pod-container.ts';

// A build of everything, on a machine that does other things too.
jest.setTimeout(1_500_000);

const settings = devClusterSettings(process.env);
const atHand = imagesAtHand(process.env) && (await kubernetesAtHand(settings)) !== undefined;
const account = 54321;
const apps = ['central', 'agent', 'cli'] as const;
const commands = { central: 'ambit-central', agent: 'ambit-agent', cli: 'ambit' } as const;

(atHand ? describe : describe.skip)('the images', () => {
  let images: Readonly<Record<ImageApp, BuiltImage>>;
  let folder: ProcessFolder;
  let host: ContainerHost;

  beforeAll(async () => {
    const local = localImages(process.env);
    const engine = await localEngine(local, process.env, () => undefined);
    folder = await ProcessFolder.create(join(await mkdtemp(join(tmpdir(), 'ambit-images-')), 'd'));
    images = await buildImages(engine, { version: '0.1.0', revision: 'tested' }, folder.path);
    host = new ContainerHost(folder, local.store);
    for (const { reference, size, id } of Object.values(images)) {
      console.log(`${reference}  ${size}  ${id}`);
    }
  });
  afterAll(async () => {
    await folder?.clean(20_000);
    await host?.stop();
    if (folder !== undefined) await rm(join(folder.path, '..'), { recursive: true, force: true });
  }, 120_000);

  describe.each(apps)('%s', (app) => {
    const paths = async (): Promise<{ root: string; all: string[] }> => {
      const root = await host.root(images[app].reference);
      return { root, all: await readdir(root, { recursive: true }) };
    };

    test('says what it is, runs as an account that nobody has, and knows nothing of who built it', async () => {
      const { User, Entrypoint, Labels, Env } = await host.config(images[app].reference);
      expect([User, Entrypoint]).toEqual([`${account}:${account}`, [commands[app]]]);
      const labelled = ['title', 'version', 'revision', 'licenses'].map(
        (name) => Labels?.[`org.opencontainers.image.${name}`],
      );
      expect(labelled).toEqual([commands[app], '0.1.0', 'tested', 'Apache-2.0']);
      const known = /^(PATH|HOME|NODE_ENV|AMBIT_\w+)=/;
      expect(Env.filter((each) => !known.test(each))).toEqual([]);
    });

    test('has no shell, no npm, no account, no source map, and no file that the program may change', async () => {
      const { root, all } = await paths();
      const programs = all.filter(
        (path) => /(^|\/)s?bin\/[^/]+$/.test(path) && !path.startsWith('opt/'),
      );
      expect(programs.sort()).toEqual(
        ['usr/bin/env', 'usr/local/bin/node', `usr/local/bin/${commands[app]}`].sort(),
      );
      const useless = /\.(map|d\.[cm]?ts|spec\.js|tsbuildinfo)$|^etc\/(passwd|shadow)$/;
      expect(all.filter((path) => useless.test(path))).toEqual([]);
      const facts = await Promise.all(
        all.map(async (path) => ({ path, ...(await lstat(join(root, path))) })),
      );
      const writable = facts.filter(
        ({ uid, gid, mode }) => uid !== 0 || gid !== 0 || ((mode & 0o022) !== 0 && !isLink(mode)),
      );
      expect(writable.map(({ path }) => path).sort()).toEqual(
        app === 'cli' ? ['tmp'] : ['tmp', 'var/lib/ambit'],
      );
      expect(facts.filter(({ mode }) => (mode & 0o6000) !== 0).map(({ path }) => path)).toEqual([]);
    });

    test('carries its bill of materials: what it needs in production by the lock file, Node and Debian, and no more', async () => {
      const { root } = await paths();
      const inside = await readFile(join(root, `opt/ambit/${commands[app]}.cdx.json`), 'utf8');
      expect(inside).toBe(await readFile(images[app].sbom, 'utf8'));
      const bill = JSON.parse(inside) as { components: { name: string; version: string }[] };
      const listed = bill.components.map(({ name, version }) => `${name}@${version}`);
      const debian = ['coreutils', 'libc6', 'libgcc-s1', 'libstdc++6'];
      const others = [...debian, 'node'];
      const ofNpm = listed.filter((each) => !others.includes(each.replace(/@[^@]+$/, '')));
      const { needed, optional } = closureOf(`apps/${app}`);
      expect(needed.filter((each) => !ofNpm.includes(each))).toEqual([]);
      expect(ofNpm.filter((each) => ![...needed, ...optional].includes(each))).toEqual([]);
      expect(listed).toContain(`node@${process.versions.node}`);
      const described = await readdir(join(root, 'var/lib/dpkg/status.d'));
      expect(described.sort()).toEqual(debian);
      expect(
        listed.filter((each) => described.some((name) => each.startsWith(`${name}@`))),
      ).toHaveLength(4);
    });

    test('starts without account, with nothing that it can write to', async () => {
      const args = ['--version'];
      const started = await host.start({
        name: `${app}-version`,
        image: images[app].reference,
        args,
      });
      await eventually(async () => expect(started.process.alive).toBe(false), {
        withinMs: 60_000,
        what: `the end of ${commands[app]} --version`,
      });
      expect([started.process.exit, await started.process.tail(1)]).toEqual([
        'exit code 0',
        expect.stringContaining('0.1.0'),
      ]);
    });
  });

  describe('as the charts run them', () => {
    let charts: InstalledCharts;
    let data: string;
    let central: Container;
    let agent: Container;
    const values = {
      database: { existingSecret: 'db' },
      replicaCount: 1,
      agents: { address: 'central:7443' },
    };

    beforeAll(async () => {
      const references = {
        'ambit-central': images.central.reference,
        'ambit-agent': images.agent.reference,
      };
      charts = await InstalledCharts.start({ host, folder, settings, images: references });
      data = await charts.volume('data');
    });
    afterAll(async () => {
      await agent?.process.stop(30_000);
      await central?.process.stop(30_000);
      await charts?.stop();
    }, 120_000);

    test('which ask a cluster for what is done here by hand: the user, no capability, a root that is read only', async () => {
      const rendered = [
        ...(await charts.render('ambit-central', { ...values, keys: { existingSecret: 'k' } })),
        ...(await charts.render('ambit-agent', {})),
      ];
      const pods = rendered.flatMap(({ kind }, at) =>
        ['Job', 'Deployment', 'StatefulSet', 'Pod'].includes(kind)
          ? [podOf(rendered.slice(at), kind)]
          : [],
      );
      expect(pods).toHaveLength(5);
      for (const { securityContext, initContainers = [], containers } of pods) {
        expect(securityContext).toMatchObject({ runAsUser: account, runAsGroup: account });
        for (const each of [...initContainers, ...containers]) {
          expect(each.securityContext).toEqual({
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          });
        }
      }
    });

    test('the migration goes through, then central is ready', async () => {
      const all = await charts.render('ambit-central', values);
      const [migrate] = podOf(all, 'Job').containers;
      const volumes = { data: await charts.volume('none'), tmp: await charts.volume('tmp-job') };
      const around = { secrets: charts.centralSecrets(), volumes };
      if (migrate === undefined) throw new Error('no migration');
      const job = await charts.run('ambit-central', migrate, around);
      expect(await charts.ended(job)).toContain('exit code 0');
      central = await charts.startCentral(podOf(all, 'Deployment'), data);
      expect(
        await charts.runTest('ambit-central', podOf(all, 'Pod'), 'ambit-central-health'),
      ).toMatch(/^exit code 0/);
    });

    test('somebody becomes an administrator with the command of the how-to page', async () => {
      const said = await central.exec('ambit-central', 'admin', 'create', 'ada');
      expect(said).toContain('/sign-in/set-up');
    });

    test('the command asks central', async () => {
      const token = await charts.firstToken(data);
      const asked = await host.start({
        name: 'cli-asks',
        image: images.cli.reference,
        args: ['get', 'users'],
        env: { AMBIT_SERVER: charts.url, AMBIT_TOKEN: token },
      });
      const said = await charts.ended(asked);
      expect(said).toMatch(/^exit code 0/);
      expect(said).toContain('ada');
    });

    test('the agent joins as its ServiceAccount, and a grant is in force', async () => {
      const { api } = charts.client(await charts.firstToken(data));
      await api.apply({ body: { objects: [clusterProd] } });
      const { token } = await api.createJoinToken({ params: { name: 'prod' }, body: {} });
      const all = await charts.render('ambit-agent', {
        server: charts.agentAddress,
        joinToken: { existingSecret: 'join', key: 'token' },
      });
      for (const name of ['ambit-system', 'payments']) {
        await charts.kube.create<Namespace>(kubeResources.namespaces, {
          apiVersion: 'v1',
          kind: 'Namespace',
          metadata: { name },
        });
      }
      await charts.apply(all.filter(({ kind }) => kind !== 'Pod'));
      const ceiling = all.find(({ kind }) => kind === 'ConfigMap') as unknown as {
        data: { 'ceiling.yaml': string };
      };
      agent = await charts.startAgent(
        podOf(all, 'StatefulSet'),
        ceiling.data['ceiling.yaml'],
        token,
      );
      await api.apply({ body: { objects: aliceViews() } });
      await untilMay(charts.kube, aliceLists, true);
      expect(await charts.runTest('ambit-agent', podOf(all, 'Pod'), 'ambit-agent')).toMatch(
        /^exit code 0/,
      );
    });

    test.each(['central', 'agent'] as const)(
      '%s runs as uid 54321, cannot write to the root file system, and can gain nothing',
      async (app) => {
        const container = app === 'central' ? central : agent;
        expect(await powersOf(container)).toEqual({
          tried: ['EROFS', 'EROFS', 'EROFS', 'EROFS', 'written'],
          uid: Array(4).fill(String(account)),
          gid: Array(4).fill(String(account)),
          cap: ['0000000000000000'],
          gain: ['1'],
        });
      },
    );

    test.each(['agent', 'central'] as const)(
      '%s ends by SIGTERM with code 0, within what its pod is given',
      async (app) => {
        const container = app === 'central' ? central : agent;
        const chart = app === 'central' ? 'ambit-central' : 'ambit-agent';
        const all = await charts.render(chart, app === 'central' ? values : {});
        const kind = app === 'central' ? 'Deployment' : 'StatefulSet';
        const seconds = podOf(all, kind).terminationGracePeriodSeconds ?? 0;
        const { process } = container;
        await process.stop(seconds * 1_000);
        expect([process.exit, await process.tail(3)]).toEqual(['exit code 0', expect.anything()]);
      },
    );

    test('a replica takes its keys from a Secret, by the init container of its chart', async () => {
      const keys = join(data, 'data/central/keys');
      const files: Record<string, string> = {};
      for (const name of await readdir(keys)) {
        // As the how-to page says: it is kept elsewhere.
        if (name !== 'epoch.key') files[name] = await readFile(join(keys, name), 'utf8');
      }
      const all = await charts.render('ambit-central', {
        ...values,
        keys: { existingSecret: 'keys' },
      });
      const pod = podOf(all, 'Deployment');
      const [copy] = pod.initContainers ?? [];
      if (copy === undefined) throw new Error('no init container');
      const volumes = {
        data: await charts.volume('data-of-replica'),
        keys: await charts.files('keys', files),
      };
      expect(await charts.ended(await charts.run('ambit-central', copy, { volumes }))).toMatch(
        /^exit code 0/,
      );
      const replica = await charts.startCentral(pod, volumes.data);
      await replica.process.stop(30_000);
      expect(replica.process.exit).toBe('exit code 0');
    });
  });
});

const isLink = (mode: number): boolean => (mode & 0o170000) === 0o120000;
