import { describe, expect, test } from '@jest/globals';
import { grantCondition } from './grant-condition.ts';
import type { RulePerson } from './person-rule.ts';

const ada: RulePerson = {
  attributes: { region: 'eu', regions: ['eu', 'us'], level: 3 },
  groups: ['eng', 'eu'],
};
const labels = { region: 'eu', env: 'prod', 'acme.io/tier': 'gold', zone: null };

const holds = (text: string, person = ada): unknown => {
  const condition = grantCondition(text);
  if (!condition.ok) return condition.problem;
  const said = condition.value.matches(person, labels);
  return said.ok ? said.value : said;
};

describe('a condition of a grant', () => {
  test.each([
    ['user.attributes.region == cluster.labels.region', true],
    ['user.attributes.region != cluster.labels.env', true],
    ['user.attributes.clearance == "high" || cluster.labels.env != "prod"', false],
    ['user.attributes.clearance == "high" || cluster.labels.env == "prod"', true],
    ['cluster.labels["acme.io/tier"] == "gold" && "eng" in user.groups', true],
    ['user.attributes.regions.exists(r, r == cluster.labels.region)', true],
    ['cluster.labels.region in user.groups', true],
    ['cluster.labels.env in ["dev", "test"]', false],
    ['cluster.labels.zone == "a"', false],
    ['cluster.labels.zone != "a"', false],
    ['!has(cluster.labels.zone)', true],
    ['user.attributes.clearance != "low"', false],
    ['cluster.labels.env == "prod"', true],
  ])('%s', (text, expected) => expect(holds(text)).toBe(expected));

  test.each([
    ['cluster.labels.region ==', /Unexpected token: EOF \(at character \d+\)/],
    ['cluster.name == "x"', /cluster has no "name": a condition reads cluster\.labels\.NAME/],
    ['size(cluster.labels) > 0', /a label is named/],
    ['cluster.labels[user.attributes.a] == "x"', /a label is named/],
    ['size(cluster) > 0', /a condition reads cluster\.labels\.NAME/],
    ['user.email == "x"', /user has no "email"/],
    ['"x" in cluster.labels.region', /after "in" comes user\.groups/],
    ['user.groups.exists(g, user.groups.exists(h, h == g))', /cannot stand in what is done/],
    ['user.attributes.a.matches("(a+)+$")', /"matches" cannot be used/],
    ['"text"', /it has to give true or false/],
  ])('that is refused says why and where: %s', (text, says) => {
    const condition = grantCondition(text);
    expect(condition.ok ? 'taken' : condition.problem).toMatch(says);
  });

  test.each([
    ['user.attributes.region == cluster.labels.region', ['a:region'], ['region']],
    ['"eng" in user.groups && has(cluster.labels.env)', ['g:eng'], ['env']],
    ['cluster.labels["a.io/b"] == "x" || cluster.labels.a == "y"', [], ['a', 'a.io/b']],
    ['user.groups.exists(g, g == cluster.labels.region)', ['g'], ['region']],
    ['user.attributes.a == "x"', ['a:a'], []],
  ])('says what it reads: %s', (text, reads, read) => {
    const condition = grantCondition(text);
    expect(condition.ok && [condition.value.reads, condition.value.labels]).toEqual([reads, read]);
  });

  test('that fails for somebody does not hold, and says so', () => {
    expect(holds('user.attributes.region > 3')).toMatchObject({ ok: false });
    expect(holds('cluster.labels.region')).toMatchObject({ ok: false });
  });
});
