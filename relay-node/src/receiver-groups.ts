// The few groups next hops are counted by: large mailbox providers by the names of their mail exchangers, everybody else together.
// A host name as a metric label would grow without bound, and a small one can name a person.

const suffixes = {
  google: ['google.com', 'googlemail.com'],
  microsoft: ['outlook.com', 'hotmail.com', 'office365.us', 'mail.protection.outlook.com', 'mx.microsoft'],
  yahoo: ['yahoodns.net', 'yahoo.com', 'aol.com'],
  apple: ['icloud.com', 'apple.com'],
  gmx: ['gmx.net', 'web.de', 'kundenserver.de'],
  telekom: ['t-online.de'],
  proton: ['protonmail.ch'],
  zoho: ['zoho.com', 'zoho.eu'],
  orange: ['orange.fr'],
  laposte: ['laposte.net'],
  comcast: ['comcast.net'],
  qq: ['qq.com'],
  netease: ['163.com', '126.com', 'netease.com'],
  proofpoint: ['pphosted.com', 'ppe-hosted.com'],
  mimecast: ['mimecast.com'],
  mailru: ['mail.ru', 'yandex.net', 'yandex.ru'],
} as const;

export const receiverGroups = [...(Object.keys(suffixes) as (keyof typeof suffixes)[]), 'other'] as const;
export type ReceiverGroup = (typeof receiverGroups)[number];

const groupOfSuffix = Object.entries(suffixes).flatMap(([group, ends]) =>
  ends.map((end) => ({ end, dotted: `.${end}`, group: group as ReceiverGroup })),
);

/** Group of a next hop's host name; `other` for none. */
export function receiverGroup(host: string | null): ReceiverGroup {
  const name = (host ?? '').toLowerCase().replace(/\.$/, '');
  return groupOfSuffix.find(({ end, dotted }) => name === end || name.endsWith(dotted))?.group ?? 'other';
}
