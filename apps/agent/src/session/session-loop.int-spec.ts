import { expect, test } from '@jest/globals';
import { eventually, RecordingLogger } from '@ambit/testing';
import { connectToCentral } from '@ambit/transport';
import { TestCentral } from '../../test/test-central.ts';
import { SessionLoop } from './session-loop.ts';

test('a central that takes the stream and says nothing is left, and dialled again', async () => {
  const central = await TestCentral.start();
  const { address, registrar } = central;
  const ca = registrar.ca.certificatePem;
  const ended: string[] = [];
  let opened = 0;
  const identity = await registrar.identity();
  // No Hello is sent, so that central never has a reason to speak.
  const loop = new SessionLoop({
    dial: () => connectToCentral({ address, ca, identity }),
    clock: { monotonic: () => performance.now() },
    random: () => 0,
    logger: new RecordingLogger(),
    acceptWithinMs: 300,
    listener: {
      opened: () => (opened += 1),
      message: () => undefined,
      tick: () => undefined,
      closed: (reason) => ended.push(reason),
    },
  });
  try {
    loop.start();
    await eventually(() => expect(opened).toBeGreaterThanOrEqual(3));
    expect(ended.slice(0, 2)).toEqual(['timed_out', 'timed_out']);
  } finally {
    await loop.stop('test');
    await central.stop();
  }
});
