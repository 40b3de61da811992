import { describe, expect, test } from '@jest/globals';
import { silentLogger } from '@ambit/testing';
import { SecretModel } from '../../test/secret-model.ts';
import { SharedSecret } from './shared-secret.ts';

function openSecret(model: SecretModel, replica = 'a'): SharedSecret {
  const parts = { client: model.client(), namespace: 'ambit-system', replica };
  return new SharedSecret({ ...parts, logger: silentLogger });
}

describe('the Secret of the replicas', () => {
  test('once another replica wrote it, this one never does again', async () => {
    const model = new SecretModel();
    const [first, second] = [openSecret(model), openSecret(model, 'b')];
    await first.read();
    await first.save({ 'identity.json': 'of a' });
    await second.read();
    await second.save({ 'identity.json': 'of b' });
    for (let time = 0; time < 3; time++)
      await expect(first.save({ 'identity.json': 'late' })).rejects.toThrow('cannot be written');
    expect(model.texts).toEqual({ 'identity.json': 'of b', replica: 'b' });
    await second.save({ 'high-water.json': 'marks of b' });
    expect(model.patches).toBe(3);
  });

  test('nor when it was gone in between', async () => {
    const model = new SecretModel();
    const first = openSecret(model);
    await first.read();
    model.put(undefined);
    await first.save({ 'identity.json': 'of a' });
    model.put({ 'identity.json': 'of b', replica: 'b' });
    for (let time = 0; time < 2; time++)
      await expect(first.save({ 'high-water.json': 'late' })).rejects.toThrow('cannot be written');
    expect(model.patches).toBe(0);
  });

  test.each([
    ['emptied', {}],
    ['written by a person', { replica: 'a', 'identity.json': '' }],
  ])('one that was %s is whole again with the next write, whatever that says', async (_, left) => {
    const model = new SecretModel();
    const secret = openSecret(model);
    await secret.read();
    await secret.save({ 'identity.json': 'of a' });
    model.put(left);
    await secret.save({ 'high-water.json': 'marks' });
    const all = { 'identity.json': 'of a', 'high-water.json': 'marks', replica: 'a' };
    expect(model.texts).toEqual(all);
    model.put(undefined);
    await secret.save({ 'high-water.json': 'more' });
    model.put({});
    await secret.save({ 'high-water.json': 'more' });
    expect(model.texts).toEqual({ ...all, 'high-water.json': 'more' });
  });
});
