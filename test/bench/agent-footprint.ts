import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { kubeResources } from '@ambit/kube';
import type { Namespace } from '@ambit/kube';
import { eventually } from '@ambit/testing';
import { Fleet } from '../support/fleet.ts';
import { printMachine } from './figures.ts';

const namespaces = 100;
const people = 100;
const settleMs = 20_000;
const idleMs = 60_000;
const apiVersion = 'ambit.dev/v1' as const;
const wait = (time: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, time));

interface Sample {
  readonly rssMiB: number;
  /** Of it what no other process shares and no pressure takes back. */
  readonly privateMiB: number;
  readonly cpuMs: number;
}

/** Ten thousand time-bound bindings: a hundred people in a hundred namespaces, each an object of its own. */
export async function agentFootprint(): Promise<void> {
  const fleet = await Fleet.start(['bench'], {});
  try {
    const { kube } = fleet.member('bench');
    for (let i = 0; i < namespaces; i++) {
      const metadata = { name: `team-${i}` };
      await kube.create<Namespace>(kubeResources.namespaces, {
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata,
      });
    }
    await fleet.enrol('bench');
    await wait(settleMs);
    const empty = sample(agentPid(fleet));
    const began = performance.now();
    await grantAll(fleet);
    const wanted = namespaces * people;
    await eventually(
      async () => {
        const { status } = await fleet.client().api.getCluster({ params: { name: 'bench' } });
        if ((status.objects ?? 0) < wanted)
          throw new Error(`${status.objects} of ${wanted} objects`);
      },
      { withinMs: 300_000, everyMs: 500, what: `${wanted} bindings standing` },
    );
    const tookS = (performance.now() - began) / 1000;
    await wait(settleMs);
    const full = sample(agentPid(fleet));
    await wait(idleMs);
    const idle = sample(agentPid(fleet));
    await fleet.member('bench').agent?.stop(15_000);
    fleet.startAgent('bench');
    await fleet.connected('bench');
    await wait(settleMs);
    const restarted = sample(agentPid(fleet));
    printMachine(`Kubernetes ${fleet.kind}`);
    console.log(`bare Node                      ${memory(await bareNode())}`);
    console.log(`agent, no bindings             ${memory(empty)}`);
    console.log(
      `agent, ${wanted} bindings       ${memory(full)} after writing them in ${tookS.toFixed(1)} s`,
    );
    console.log(
      `agent, restarted over them     ${memory(restarted)} (aim: at most 75 MB = 71.5 MiB)`,
    );
    const perHour = ((idle.cpuMs - full.cpuMs) / idleMs) * 3600;
    console.log(
      `idle CPU                       ${(idle.cpuMs - full.cpuMs).toFixed(0)} ms in ${idleMs / 1000} s, ${perHour.toFixed(1)} CPU-s an hour`,
    );
  } finally {
    await fleet.stop();
  }
}

async function grantAll(fleet: Fleet): Promise<void> {
  const until = new Date(Date.now() + 86_400_000).toISOString();
  const people_ = Array.from({ length: people }, (_, i) => `person-${i}`);
  const scope = {
    clusters: { names: ['bench'] },
    namespaces: { names: Array.from({ length: namespaces }, (_, i) => `team-${i}`) },
  };
  await fleet.client().api.apply({
    body: {
      objects: [
        ...people_.map((name) => ({ apiVersion, kind: 'User' as const, metadata: { name } })),
        ...people_.map((name) => ({
          apiVersion,
          kind: 'Grant' as const,
          metadata: { name: `grant-${name}` },
          spec: { subjects: [{ user: name }], role: 'view', scope, until },
        })),
      ],
    },
  });
}

function agentPid(fleet: Fleet): number {
  const pid = fleet.member('bench').agent?.pid;
  if (pid === undefined) throw new Error('the agent has no process');
  return pid;
}

function memory({ rssMiB, privateMiB }: Sample): string {
  return `${rssMiB.toFixed(1)} MiB resident, ${privateMiB.toFixed(1)} private`;
}

/** Resident set and CPU time so far, from /proc (proc(5)); one clock tick is 10 ms on Linux. */
function sample(pid: number): Sample {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const rssKiB = Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]);
  const anonKiB = Number(/^RssAnon:\s+(\d+) kB/m.exec(status)?.[1]);
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return {
    rssMiB: rssKiB / 1024,
    privateMiB: anonKiB / 1024,
    cpuMs: (Number(fields[11]) + Number(fields[12])) * 10,
  };
}

async function bareNode(): Promise<Sample> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  await wait(1_000);
  try {
    return sample(child.pid ?? 0);
  } finally {
    child.kill();
  }
}
