import { describe, expect, test } from '@jest/globals';
import { defaultDataFolder, foldersOf } from './folders.ts';

const person = { root: false, home: '/home/ada' };

describe('folders', () => {
  test('of a person are those of the XDG specification', () => {
    expect(foldersOf({}, person)).toEqual({
      data: '/home/ada/.local/share/ambit',
      cache: '/home/ada/.cache/ambit',
      config: '/home/ada/.config/ambit',
    });
    const env = { XDG_DATA_HOME: '/d', XDG_CACHE_HOME: '/c', XDG_CONFIG_HOME: 'relative' };
    expect(foldersOf(env, person)).toEqual({
      data: '/d/ambit',
      cache: '/c/ambit',
      config: '/home/ada/.config/ambit',
    });
  });

  test('of root keep data in /var/lib', () => {
    expect(defaultDataFolder({ XDG_DATA_HOME: '/d' }, { root: true, home: '/root' })).toBe(
      '/var/lib/ambit',
    );
  });

  test('variables of ours win', () => {
    const env = { AMBIT_DATA_DIR: '/1', AMBIT_CACHE_DIR: '/2', AMBIT_CONFIG_DIR: '/3' };
    expect(foldersOf(env, person)).toEqual({ data: '/1', cache: '/2', config: '/3' });
  });

  test('without a home the error names the variable to set', () => {
    expect(() => defaultDataFolder({}, { root: false, home: '' })).toThrow(/AMBIT_DATA_DIR/);
  });
});
