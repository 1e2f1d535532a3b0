// Prints the benchmark's results and the ratios between ours and the others: in mails/s, and by all CPU time that was spent.
import type { Figures } from './round.ts';

/** The round with the median throughput: its figures belong together, so they are not mixed with another round's. */
export function median(rounds: readonly Figures[]): Figures {
  const sorted = rounds.toSorted((a, b) => a.perSecond - b.perSecond);
  const middle = sorted[Math.floor((sorted.length - 1) / 2)];
  if (middle === undefined) throw new Error('no rounds');
  return middle;
}

export function printTable(title: string, results: ReadonlyMap<string, Figures>): void {
  const rows = [...results].map(([name, figures]) => [
    name,
    figures.perSecond.toFixed(0),
    sum(figures.cpuMsPerMail).toFixed(2),
    Object.entries(figures.cpuMsPerMail)
      .map(([group, ms]) => `${group} ${ms.toFixed(2)}`)
      .join(', '),
    figures.rssMb.toFixed(0),
    `${figures.accept.p50.toFixed(0)}/${figures.accept.p99.toFixed(0)}`,
    `${figures.acceptToDelivered.p50.toFixed(0)}/${figures.acceptToDelivered.p99.toFixed(0)}`,
    String(figures.duplicates),
  ]);
  const table = [
    [
      '',
      'mails/s',
      'CPU ms/mail',
      'of it',
      'RSS MB',
      'accept p50/p99 ms',
      'accept->delivered p50/p99 ms',
      'duplicates',
    ],
    ...rows,
  ];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
  console.log(`\n${title}`);
  for (const row of table) console.log(row.map((cell, column) => cell.padEnd(widths[column]!)).join('  '));
  for (const [name, figures] of results)
    for (const [peer, theirs] of results)
      if (name.startsWith('relayfleet') && !peer.startsWith('relayfleet')) printRatio([name, figures], [peer, theirs]);
}

type Row = readonly [name: string, figures: Figures];

function printRatio([name, ours]: Row, [peer, theirs]: Row): void {
  const speed = (ours.perSecond / theirs.perSecond).toFixed(2);
  const cpu = (sum(theirs.cpuMsPerMail) / sum(ours.cpuMsPerMail)).toFixed(2);
  console.log(`${name} : ${peer} = ${speed} x mails/s, ${cpu} x mails per CPU second`);
}

function sum(parts: Readonly<Record<string, number>>): number {
  return Object.values(parts).reduce((total, part) => total + part, 0);
}
