import { serviceIdentityKind, type ServiceIdentity } from '@ambit/contracts';
import { kindView, type Line } from './kind-view.ts';

export const serviceView = kindView<ServiceIdentity>({
  contract: serviceIdentityKind,
  columns: () => [
    { title: 'OWNER', value: ownerText },
    {
      title: 'COMES-IN-BY',
      value: ({ spec }) => [...new Set(spec.federation.map(({ issuer }) => issuer))].join(', '),
      flexible: true,
    },
    { title: 'DESCRIPTION', value: ({ spec }) => spec.description ?? '', wide: true },
  ],
  lines: serviceLines,
});

function ownerText({ spec: { owner } }: ServiceIdentity): string {
  if (owner === undefined) return '';
  return owner.user === undefined ? `group/${owner.group ?? ''}` : `user/${owner.user}`;
}

function serviceLines(service: ServiceIdentity): Line[] {
  const { spec } = service;
  return [
    ['Description', spec.description ?? ''],
    ['Owner', ownerText(service)],
    ['Sessions', `at most ${spec.maxSessionTTL}`],
    ['Lets in', spec.federation.map(ruleText)],
  ];
}

function ruleText({
  issuer,
  audience,
  claims,
  reusable = false,
}: ServiceIdentity['spec']['federation'][number]): string {
  const wanted = Object.entries(claims).map(([name, value]) => `${name}=${value}`);
  const often = reusable ? ', more than once' : '';
  return `${issuer} for ${audience} with ${wanted.join(', ')}${often}`;
}
