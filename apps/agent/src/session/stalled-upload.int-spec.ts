import { expect, test } from '@jest/globals';
import { eventually } from '@ambit/testing';
import { binding, inScene } from '../../test/agent-scene.ts';

/** Longer than central may take to acknowledge anything, and than the agent takes to look at its gauges. */
const stallMs = 45_000;

test(
  'row B.4: an upload that stalls stands in readiness, in the metrics and in Status until central takes events again',
  inScene(async (scene) => {
    const { central } = scene;
    const agent = await scene.join();
    const read = async (path: string) => (await fetch(`${agent.healthUrl}${path}`)).text();
    const readiness = () => read('/readyz?verbose');
    const metrics = () => read('/metrics');
    const conditions = () => central.told.statuses.at(-1)?.conditions;
    await eventually(
      async () => {
        expect(conditions()).not.toContain('AUDIT_STALLED');
        expect(await readiness()).toContain('[+] audit: central has every event');
        expect(await metrics()).toMatch(/^ambit_agent_audit_stalled 0$/m);
      },
      { withinMs: stallMs },
    );

    central.audit.acknowledges = () => false;
    central.commit([binding('a', ['ada'])]);
    await scene.holds('ambit:ada');
    await eventually(
      async () => {
        expect(conditions()).toContain('AUDIT_STALLED');
        expect(await readiness()).toMatch(
          /\[-\] audit: central took none of \d+ events? for \d+ s/,
        );
        const text = await metrics();
        expect(text).toMatch(/^ambit_agent_audit_stalled 1$/m);
        expect(text).toMatch(/^ambit_agent_audit_cuts_total [1-9]/m);
        expect(text).toMatch(/^ambit_agent_audit_buffer_events [1-9]/m);
      },
      { withinMs: stallMs },
    );
    // What the agent is for goes on meanwhile.
    central.commit([binding('a', ['ben'])]);
    await scene.holds('ambit:ben');

    central.audit.acknowledges = () => true;
    await eventually(
      async () => {
        expect(conditions()).not.toContain('AUDIT_STALLED');
        expect(await readiness()).toContain('[+] audit: central has every event');
        expect(await metrics()).toMatch(/^ambit_agent_audit_stalled 0$/m);
      },
      { withinMs: stallMs },
    );
  }),
  3 * stallMs,
);
