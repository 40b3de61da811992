import { describe, expect, test } from '@jest/globals';
import { devClusterSettings } from './settings.ts';

const me = { root: false, home: '/home/me' };

describe('settings of dev clusters', () => {
  test('default to auto and to the XDG cache', () => {
    expect(devClusterSettings({}, me)).toMatchObject({
      kubernetes: 'auto',
      requireReal: false,
      offline: false,
      assetsFolder: undefined,
      cacheFolder: '/home/me/.cache/ambit/kubernetes',
    });
    expect(devClusterSettings({ XDG_CACHE_HOME: '/c' }, me).cacheFolder).toBe(
      '/c/ambit/kubernetes',
    );
  });

  test('AMBIT_CACHE_DIR is the cache itself', () => {
    expect(devClusterSettings({ AMBIT_CACHE_DIR: '/x', XDG_CACHE_HOME: '/c' }).cacheFolder).toBe(
      '/x/kubernetes',
    );
  });

  test('refuse a choice that does not exist and name those that do', () => {
    expect(() => devClusterSettings({ AMBIT_KUBERNETES: 'fake' })).toThrow(
      expect.objectContaining({
        code: 'config_invalid',
        extras: { hint: 'Set it to one of: auto, real, simulated.' },
      }),
    );
  });

  test('refuse a flag that is neither yes nor no, and a contradiction', () => {
    expect(() => devClusterSettings({ AMBIT_OFFLINE: 'maybe' })).toThrow(/neither 1 nor 0/);
    expect(() =>
      devClusterSettings({ AMBIT_KUBERNETES: 'simulated', AMBIT_REQUIRE_KUBERNETES: '1' }),
    ).toThrow(/forbids simulated/);
  });
});
