import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, test } from '@jest/globals';
import { eventually } from '@ambit/testing';
import { profiled } from './profile.ts';
import { controlPlanePids, memoryOf, postgresBelow, Processes } from './processes.ts';

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

/** Goes on for so much time on a CPU, then ends. */
const burn = (ms: number): string =>
  `const cpu = () => { const { user, system } = process.cpuUsage(); return (user + system) / 1000; };
   while (cpu() < ${ms});`;

function start(program: string, ...words: string[]): ChildProcess {
  const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'inherit'] });
  started.push(child);
  return child;
}

test('counts the time of a child that ended, and of nobody beside the tree', async () => {
  const node = process.execPath;
  const tree = start('sh', '-c', `read go; "${node}" -e '${burn(400)}'; echo done; read stay`);
  const other = start(node, '-e', `${burn(400)}; setInterval(() => {}, 1000)`);
  const processes = new Processes({ tree: tree.pid, idle: process.ppid });
  const { cpuMs } = await processes.measure(async () => {
    tree.stdin?.write('go\n');
    await once(tree.stdout ?? tree, 'data');
  });
  expect(other.exitCode).toBeNull();
  expect(cpuMs['tree']).toBeGreaterThanOrEqual(380);
  // Start of Node and its end; the other one would be as much again.
  expect(cpuMs['tree']).toBeLessThan(760);
});

test('a process that is named apart is not counted twice', async () => {
  const outer = start(
    'sh',
    '-c',
    `"${process.execPath}" -e '${burn(300)}; setInterval(() => {}, 1000)' & echo $!; wait`,
  );
  const [line] = (await once(outer.stdout ?? outer, 'data')) as [Buffer];
  const inner = Number(line.toString());
  await eventually(
    () => {
      const { outer: own = 0, inner: apart = 0 } = new Processes({
        outer: outer.pid,
        inner,
      }).cpuMs();
      expect(apart).toBeGreaterThanOrEqual(290);
      expect(own).toBeLessThan(100);
    },
    { withinMs: 30_000 },
  );
  process.kill(inner);
});

test('a process that is not there took nothing', () => {
  expect(new Processes({ gone: undefined, ended: () => 2 ** 22 + 1 }).cpuMs()).toEqual({
    gone: 0,
    ended: 0,
  });
  // This one has what other specs of its worker are still stopping.
  expect(postgresBelow(start('cat').pid)).toBeUndefined();
});

test('the processes of a control plane are told by the port of its API server', async () => {
  const stay = `console.log('up'); setInterval(() => {}, 1000)`;
  const like = (...words: string[]): ChildProcess =>
    start(process.execPath, '-e', stay, '--', ...words);
  const api = like('--secure-port=65001', '--etcd-servers=https://127.0.0.1:65002');
  const etcd = like('--listen-client-urls=https://127.0.0.1:65002');
  const other = like('--listen-client-urls=https://127.0.0.1:65003');
  for (const { stdout } of [api, etcd, other]) await once(stdout ?? api, 'data');
  expect(controlPlanePids('https://127.0.0.1:65001')).toEqual({
    'kube-apiserver': api.pid,
    etcd: etcd.pid,
  });
  expect(controlPlanePids('https://127.0.0.1:65004')).toEqual({});
});

test('memory is told in MiB', () => {
  const { resident, private: own, peak } = memoryOf(process.pid);
  expect(Math.abs(resident - process.memoryUsage().rss / 2 ** 20)).toBeLessThan(50);
  expect(own).toBeLessThanOrEqual(resident);
  expect(peak).toBeGreaterThanOrEqual(resident);
});

test('the time of a process on Node is told by part where somebody wants to know', async () => {
  const busy = `process.stdin.once('data', () => { ${burn(400)} console.log('done'); }); console.log('up');`;
  const central = start(process.execPath, '-e', busy);
  // Before it runs it would die of the signal.
  await once(central.stdout ?? central, 'data');
  const work = async (): Promise<void> => {
    central.stdin?.write('go\n');
    await once(central.stdout ?? central, 'data');
  };
  const processes = new Processes({ postgres: process.ppid, central: central.pid });
  const profile = await profiled(() => processes.measure(work));
  expect(profile?.process).toBe('central');
  expect(profile?.busyMs).toBeGreaterThan(100);
  expect(profile?.parts.length).toBeGreaterThan(0);
});
