import { eventually } from '@ambit/testing';
import type { RawAnswer } from '../support/raw-kube.ts';
import { sometimesDry } from './api-server-attack.ts';
import type { Attack, Route } from './api-server-attack.ts';
import { Dice } from './api-server-dice.ts';
import { decisions, dump, forbiddenChanges } from './api-server-effect.ts';
import { honestRun } from './api-server-honest.ts';
import { whyNot } from './api-server-judge.ts';
import { collectionOf, standingObjects } from './api-server-objects.ts';
import {
  collections,
  foreignObjects,
  impersonation,
  lookalikes,
  otherResources,
  strippedOfProof,
} from './api-server-other-routes.ts';
import { hostileBinding, hostileRole } from './api-server-rbac-routes.ts';
import { HostileWorld, wills } from './api-server-world.ts';
import type { OwnersWill } from './api-server-world.ts';
import type { Escape, FamilyResult, HostileFamily, Scale } from './family.ts';

const attacksOf: Readonly<Record<Scale, number>> = { smoke: 300, full: 2_000 };
const plantedAttacks = 60;

/** The commoner a route stands here, the more of its attacks are made. */
const routes: readonly Route[] = [
  hostileBinding,
  hostileBinding,
  hostileBinding,
  hostileRole,
  hostileRole,
  otherResources,
  otherResources,
  foreignObjects,
  lookalikes,
  collections,
  strippedOfProof,
  impersonation,
];

/**
 * Writes as the agent's account where RBAC stops nothing: only the admission policies stand between it and the
 * cluster. An attack that is let through is judged by what the owner wants, and in the end by what stands there.
 */
export const apiServerFamily: HostileFamily = {
  says: 'the account of an agent, with RBAC open, against the admission policies of a real API server',
  async run(scale, seed): Promise<FamilyResult> {
    const world = await HostileWorld.open();
    if (!(world instanceof HostileWorld)) {
      return { attacks: 0, escapes: [], notes: [`skipped, no Kubernetes: ${world.missing}`] };
    }
    try {
      const tally = new Tally();
      const war = { world, dice: new Dice(seed), tally };
      for (const will of wills) await campaign(war, will, attacksOf[scale] / wills.length);
      await planted(war);
      return tally.result(seed);
    } finally {
      await world.stop();
    }
  },
};

class Tally {
  attacks = 0;
  honest = 0;
  harmless = 0;
  readonly escapes: Escape[] = [];
  readonly notes: string[] = [];
  readonly refusals = new Map<string, number>();

  refused({ status, message }: RawAnswer): void {
    const by = /ValidatingAdmissionPolicy/.test(message)
      ? 'by the policies'
      : status === 403
        ? 'by RBAC'
        : `with ${status}`;
    this.refusals.set(by, (this.refusals.get(by) ?? 0) + 1);
  }

  result(seed: number): FamilyResult {
    const refused = [...this.refusals]
      .sort(([, a], [, b]) => b - a)
      .map(([by, count]) => `${count} ${by}`);
    const counts = `refused: ${refused.join(', ')}; let through, within the ceiling: ${this.harmless}`;
    const notes = [
      `seed ${seed}`,
      counts,
      `${this.honest} honest writes went through`,
      ...this.notes,
    ];
    return { attacks: this.attacks, escapes: this.escapes, notes };
  }
}

interface War {
  readonly world: HostileWorld;
  readonly dice: Dice;
  readonly tally: Tally;
}

async function campaign(war: War, will: OwnersWill, attacks: number): Promise<void> {
  const { world, dice, tally } = war;
  await world.rule(will);
  for (const draft of standingObjects(dice, will)) {
    const request = { method: 'POST', path: collectionOf(draft), body: draft };
    const { status, message } = await world.agent.send(request);
    if (status !== 201 && status !== 409) {
      tally.escapes.push({ attack: 'an honest write', got: `refused: ${status} ${message}` });
    }
  }
  const before = await dump(world.admin);
  const decided = new Set(await decisions(world.admin));
  for (let count = 0; count < attacks; count++) {
    const { attack, answer } = await strike(war, will);
    tally.attacks += 1;
    if (answer.status >= 400) {
      tally.refused(answer);
      continue;
    }
    const why = whyNot(attack.request, answer, will);
    if (why === undefined) tally.harmless += 1;
    else tally.escapes.push({ attack: attack.says, got: `${answer.status}: ${why}` });
  }
  const changes = forbiddenChanges(before, await dump(world.admin), will);
  tally.escapes.push(...changes.map((got) => ({ attack: 'the cluster afterwards', got })));
  const more = (await decisions(world.admin)).filter((decision) => !decided.has(decision));
  tally.escapes.push(...more.map((got) => ({ attack: 'what the API server decides now', got })));
  await honest(war, will);
}

async function strike(
  { world, dice }: War,
  will: OwnersWill,
): Promise<{ attack: Attack; answer: RawAnswer }> {
  const attack = sometimesDry(dice, dice.pick(routes)(dice, will));
  return { attack, answer: await world.agent.send(attack.request) };
}

/** The positive control: policies that refuse everything would stop every attack too. */
async function honest({ world, dice, tally }: War, will: OwnersWill): Promise<void> {
  for (const { says, status, message } of await honestRun(world, will, dice)) {
    if (status < 300) tally.honest += 1;
    else tally.escapes.push({ attack: `an honest ${says}`, got: `refused: ${status} ${message}` });
  }
}

/** Without the policies the same attacks get through: the run can fail. */
async function planted(war: War): Promise<void> {
  const { world, tally } = war;
  const [will] = wills;
  if (will === undefined) return;
  const path = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings';
  for (const name of ['ambit-agent-gate', 'ambit-agent-ceiling']) {
    await world.admin.send({ method: 'DELETE', path: `${path}/${name}` });
  }
  const probe = { metadata: { name: 'no-policy' } };
  await eventually(
    async () => {
      const request = { method: 'POST', path: '/api/v1/namespaces/payments/configmaps?dryRun=All' };
      const { status } = await world.agent.send({ ...request, body: probe });
      if (status !== 201) throw new Error(`it is refused with ${status}`);
    },
    { withinMs: 20_000, what: 'the policies being out of force' },
  );
  let through = 0;
  for (let count = 0; count < plantedAttacks; count++) {
    const { attack, answer } = await strike(war, will);
    if (answer.status < 400 && whyNot(attack.request, answer, will) !== undefined) through += 1;
  }
  tally.notes.push(
    `planted: with the policies gone, ${through} of ${plantedAttacks} attacks get through`,
  );
  if (through === 0) {
    tally.escapes.push({
      attack: 'planted',
      got: 'without policies nothing got through: the run proves nothing',
    });
  }
}
