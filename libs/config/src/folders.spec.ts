import { describe, expect, test } from '@jest/globals';
import { defaultDataFolder, folderOf } from './folders.ts';

const person = { root: false, home: '/home/ada' };

describe('folders', () => {
  test('of a person are those of the XDG specification', () => {
    const all = (env: Record<string, string>) => [
      defaultDataFolder(env, person),
      folderOf('cache', env, person),
      folderOf('config', env, person),
      folderOf('state', env, person),
    ];
    expect(all({})).toEqual([
      '/home/ada/.local/share/ambit',
      '/home/ada/.cache/ambit',
      '/home/ada/.config/ambit',
      '/home/ada/.local/state/ambit',
    ]);
    const env = {
      XDG_STATE_HOME: '/s',
      XDG_DATA_HOME: '/d',
      XDG_CACHE_HOME: '/c',
      XDG_CONFIG_HOME: 'relative',
    };
    expect(all(env)).toEqual(['/d/ambit', '/c/ambit', '/home/ada/.config/ambit', '/s/ambit']);
  });

  test('of root keep data in /var/lib', () => {
    expect(defaultDataFolder({ XDG_DATA_HOME: '/d' }, { root: true, home: '/root' })).toBe(
      '/var/lib/ambit',
    );
  });

  test('variables of ours win', () => {
    const env = { AMBIT_CACHE_DIR: '/2', AMBIT_CONFIG_DIR: '/3' };
    expect(folderOf('cache', env, person)).toBe('/2');
    expect(folderOf('config', env, { root: false, home: undefined })).toBe('/3');
  });

  test('outside case 19: without a home the error names what to set, each folder by itself', () => {
    const nobody = { root: false, home: undefined };
    expect(() => defaultDataFolder({}, nobody)).toThrow(/AMBIT_DATA_DIR/);
    expect(() => folderOf('config', { AMBIT_DATA_DIR: '/d' }, nobody)).toThrow(/AMBIT_CONFIG_DIR/);
  });
});
