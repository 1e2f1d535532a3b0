// Durations and sizes as they stand in a spec, in milliseconds and bytes.
// The schema has checked their form already (CRD rules on retry, retention.events, nats.storage).
const durationUnits = { h: 3_600_000, m: 60_000, s: 1000 } as const;
const sizeUnits = { Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 } as const;

/** `120h`, `1h30m`. */
export function milliseconds(duration: string): number {
  let total = 0;
  for (const [, count, unit] of duration.matchAll(/([0-9]+)([hms])/g))
    total += Number(count) * durationUnits[unit as keyof typeof durationUnits];
  return total;
}

/** `10Gi`. */
export function bytes(size: string): number {
  const [, count, unit] = /^([0-9]+)(Mi|Gi|Ti)$/.exec(size) ?? [];
  return Number(count ?? 0) * sizeUnits[(unit ?? 'Gi') as keyof typeof sizeUnits];
}
